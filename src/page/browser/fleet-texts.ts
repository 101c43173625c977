import { fillMessage, type Message, type Values } from './messages.ts';

/* The texts of a fleet, which come where there is one. */

type FleetText = keyof typeof import('../languages/fleet/en.json');

const { lang } = document.documentElement;

const response = await fetch(`/page/fleet/${lang}.json`);
const messages = (await response.json()) as Readonly<Record<FleetText, Message>>;

/** A text in the reader's language, with its placeholders filled. */
export function fleetText(name: FleetText, values: Values = {}): string {
  return fillMessage(messages[name], lang, values);
}
