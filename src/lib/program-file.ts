/** Where the compiled program lies, also for a part of a bundle, which is not where its source was. */
const folder = folderOf(import.meta.url);

/** The URL of a file of the compiled program, by its path below `dist/src/`. */
export function programFile(path: string): URL {
  return new URL(path, folder);
}

/** Up to the last `/dist/src/`, which every file of the program has in its URL. */
function folderOf(url: string): string {
  const place = '/dist/src/';
  return url.slice(0, url.lastIndexOf(place) + place.length);
}
