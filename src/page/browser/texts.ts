import { fillMessage, type Message, type Values } from './messages.ts';

/** The name of a text in the files of the languages. */
export type TextName = keyof typeof import('../languages/en.json');

/** The language of the document, which the server has chosen by what the browser asks for. */
const { lang } = document.documentElement;

const response = await fetch(`/page/${lang}.json`);
const messages = (await response.json()) as Readonly<Record<TextName, Message>>;

/** A text of the page in the reader's language, with its placeholders filled. */
export function text(name: TextName, values: Values = {}): string {
  return fillMessage(messages[name], lang, values);
}

/** The reader's own kind of the page's language, for numbers and times. */
export const locale =
  navigator.languages.find((language) => language.toLowerCase().split('-')[0] === lang) ??
  (lang === 'en' ? 'en-GB' : lang);
