import { createTimes, formatBytes, formatDuration } from './formats.ts';
import { locale, text } from './texts.ts';

/* Formats in the reader's language. */

const units = text('byteUnits').split(' ');

export const times = createTimes(locale);

export const bytesText = (bytes: number): string => formatBytes(bytes, locale, units);

export const rateText = (bytes: number): string => text('perSecond', { bytes: bytesText(bytes) });

/** How long to wait: whole minutes where it is more than a few seconds. */
export function waitText(seconds: number): string {
  const told = seconds < 90 ? seconds : Math.ceil(seconds / 60) * 60;
  return formatDuration(told, locale, 'long');
}

/** How far the server's clock is ahead of the reader's, in milliseconds. */
let aheadMs = 0;

/** Sets this device's clock by the server's, whose answer tells whole seconds. */
export function setClock(serverNow: number): void {
  const difference = serverNow - Date.now();
  aheadMs = Math.abs(difference) < 2_000 ? 0 : difference;
}

/** How long ago a moment of the server's clock is; "" for what is no time. */
export function sinceText(iso: string | null): string {
  const moment = Date.parse(iso ?? '');
  if (Number.isNaN(moment)) return '';
  return formatDuration(Math.max(0, (Date.now() + aheadMs - moment) / 1_000), locale);
}
