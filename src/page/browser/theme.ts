import { byId } from './dom.ts';

const name = 'theme';
const themes = ['light', 'dark'];

/** Shows the theme that was chosen on this device; the system's unless one was. */
export function startTheme(): void {
  const choice = byId('theme', HTMLSelectElement);
  choice.value = kept();
  show(choice.value);
  choice.addEventListener('change', () => {
    show(choice.value);
    keep(choice.value);
  });
}

function show(theme: string): void {
  if (themes.includes(theme)) document.documentElement.dataset['theme'] = theme;
  else delete document.documentElement.dataset['theme'];
}

/** A browser may keep nothing, and says so by an error. */
function kept(): string {
  try {
    const theme = localStorage.getItem(name) ?? '';
    return themes.includes(theme) ? theme : 'system';
  } catch {
    return 'system';
  }
}

function keep(theme: string): void {
  try {
    localStorage.setItem(name, theme);
  } catch {
    // It lasts as long as the page.
  }
}
