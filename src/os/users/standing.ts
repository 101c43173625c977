const dayMs = 24 * 60 * 60 * 1000;

/**
 * By name, a text that is another once the user's password, its age or its state is: the line of
 * shadow(5), and whether it has run out by that day. A line without a name is passed over; of two the first
 * counts.
 */
export function parseStandings(shadow: string, nowMs: number): ReadonlyMap<string, string> {
  const today = Math.floor(nowMs / dayMs);
  const standings = new Map<string, string>();
  for (const line of shadow.split('\n')) {
    const [name = '', ...fields] = line.split(':');
    if (name === '' || standings.has(name)) continue;
    const [, changed, , most, , , expires] = fields.map(readDay);
    const isOver = expires != null && expires <= today;
    const isOld = changed != null && most != null && changed + most < today;
    // A password that was given by somebody else has to be changed first.
    const isNew = changed === 0;
    standings.set(name, [...fields, isOver, isOld, isNew].join(':'));
  }
  return standings;
}

function readDay(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}
