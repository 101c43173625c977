import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type PageState, withPage } from './page-states.ts';

/** How a state is looked at. */
interface Look {
  readonly name: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly colorScheme: 'light' | 'dark';
}

export interface Picture {
  readonly look: Look;
  /** A PNG. */
  readonly image: Buffer;
}

const sizes = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 768, height: 1024 },
  { width: 390, height: 844 },
];
const schemes = ['light', 'dark'] as const;

export const looks = schemes.flatMap((colorScheme) =>
  sizes.map((size): Look => ({ name: `${size.width}-${colorScheme}`, size, colorScheme })),
);

/** Pictures of one state in every look, of one page that is made wider, narrower, light and dark. */
export async function takePictures(browser: Browser, state: PageState): Promise<Picture[]> {
  const pictures: Picture[] = [];
  const options: BrowserContextOptions = { viewport: sizes[0] ?? null, reducedMotion: 'reduce' };
  await withPage(browser, state, options, async (page) => {
    for (const look of looks) {
      await page.setViewportSize(look.size);
      await page.emulateMedia({ colorScheme: look.colorScheme });
      // What moves by the change of size has come to rest.
      await page.waitForTimeout(200);
      pictures.push({ look, image: await page.screenshot({ animations: 'disabled' }) });
    }
  });
  return pictures;
}

/** How much smaller they are on a sheet. */
const scale = 0.5;
/** Of WebP, from 0 to 100: letters stay clear. */
const quality = 62;

/** All pictures of one state on one sheet, light above dark, as WebP. */
export async function drawSheet(browser: Browser, pictures: readonly Picture[]): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: 2000, height: 1200 } });
  try {
    await page.setContent(sheetOf(pictures));
    await page.evaluate('Promise.all(Array.from(document.images, (each) => each.decode()))');
    return await captureWebp(page);
  } finally {
    await page.close();
  }
}

function sheetOf(pictures: readonly Picture[]): string {
  const rows = schemes.map((scheme) => {
    const images = pictures
      .filter(({ look }) => look.colorScheme === scheme)
      .map(({ look, image }) => {
        const source = `data:image/png;base64,${image.toString('base64')}`;
        return `<img width="${look.size.width * scale}" src="${source}">`;
      });
    return `<div>${images.join('')}</div>`;
  });
  return `<style>
    body { margin: 0; }
    main { width: max-content; padding: 12px; background: #9aa1ab; }
    div { display: flex; align-items: start; gap: 12px; }
    div + div { margin-top: 12px; }
  </style><main>${rows.join('')}</main>`;
}

/** Playwright itself writes PNG and JPEG alone. */
async function captureWebp(page: Page): Promise<Buffer> {
  const box = await page.locator('main').boundingBox();
  if (box === null) throw new Error('the sheet is empty');
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send('Page.captureScreenshot', {
    format: 'webp',
    quality,
    captureBeyondViewport: true,
    clip: { ...box, scale: 1 },
  });
  return Buffer.from(data, 'base64');
}
