/** AB:CD:…, 32 bytes, as OpenSSL prints it. */
export const fingerprintForm = /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/;

const addressForm = /^https:\/\/(?:\[[\da-f:.]+\]|[a-z0-9.-]+):(\d{1,5})$/;

/** Whether that is https://HOST:PORT in the form in which it is kept. */
export function isHttpsAddress(text: string): boolean {
  const port = Number(addressForm.exec(text)?.[1] ?? 0);
  return port >= 1 && port <= 65_535 && URL.canParse(text);
}

/** That form of what somebody has typed: a name in small letters, without a slash at its end. */
export function normalHttpsAddress(text: string): string {
  return text.trim().toLowerCase().replace(/\/$/, '');
}

/** A SHA-256 fingerprint however it is written, in the form of OpenSSL; other texts stay what they are. */
export function normalFingerprint(text: string): string {
  const digits = text
    .trim()
    .replace(/^sha-?256[:=]?/i, '')
    .replace(/[:\s]/g, '')
    .toUpperCase();
  return /^[0-9A-F]{64}$/.test(digits) ? (digits.match(/../g) ?? []).join(':') : text;
}
