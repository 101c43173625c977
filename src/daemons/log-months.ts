const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** The number of a month by its English name of three letters, from 0; null for no month. */
export function monthOf(name: string): number | null {
  const index = months.indexOf(name) / 3;
  return name.length === 3 && Number.isInteger(index) ? index : null;
}
