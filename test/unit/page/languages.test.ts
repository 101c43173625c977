import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { programFile } from '../../../src/lib/program-file.ts';
import { fillMessage, type Message } from '../../../src/page/browser/messages.ts';
import { chooseLanguage } from '../../../src/page/languages.ts';

const folder = programFile('page/languages/');
const languages = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''));
/** Those of a fleet are files of their own; for the guarantees they are texts like all others. */
const textsOf = (language: string): Record<string, Message> => ({
  ...JSON.parse(readFileSync(new URL(`${language}.json`, folder), 'utf8')),
  ...Object.fromEntries(
    Object.entries<Message>(
      JSON.parse(readFileSync(new URL(`fleet/${language}.json`, folder), 'utf8')),
    ).map(([name, message]) => [`fleet ${name}`, message]),
  ),
});

/** The forms of a message, and the placeholders of one. */
const formsOf = (message: Message) =>
  typeof message === 'string' ? [message] : Object.values(message);
const placeholdersOf = (form: string) => [...form.matchAll(/\{\w+\}/g)].map(String).toSorted();

const english = textsOf('en');

test('the page speaks German, Spanish, French, Portuguese, Italian, Dutch and Polish beside English', () => {
  assert.deepEqual(languages.toSorted(), ['de', 'en', 'es', 'fr', 'it', 'nl', 'pl', 'pt']);
});

for (const language of languages) {
  test(`${language} has every text, in the order of the English ones, and none is empty`, () => {
    const texts = textsOf(language);
    assert.deepEqual(Object.keys(texts), Object.keys(english));
    for (const [name, message] of Object.entries(texts)) {
      for (const form of formsOf(message)) {
        assert.ok(typeof form === 'string' && form.trim() !== '', name);
        assert.equal(form, form.normalize('NFC'), name);
      }
    }
  });

  test(`${language} has the placeholders of each text; a plural may say one in a word`, () => {
    for (const [name, message] of Object.entries(textsOf(language))) {
      const wanted = placeholdersOf(formsOf(english[name] ?? '').at(-1) ?? '');
      for (const form of formsOf(message)) {
        const given = placeholdersOf(form);
        const isWhole = JSON.stringify(given) === JSON.stringify(wanted);
        const lacksCount =
          JSON.stringify(given) === JSON.stringify(wanted.filter((each) => each !== '{count}'));
        assert.ok(isWhole || (typeof message === 'object' && lacksCount), `${name}: ${form}`);
      }
    }
  });

  test(`${language} has the forms of its plurals where English has plurals, and nowhere else`, () => {
    const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
    // The form of fractions, which nobody counts here, and of millions (es, fr, it, pt) may be “other”.
    const needed = pluralCategories.filter((category) => category !== 'many' || language === 'pl');
    for (const [name, message] of Object.entries(textsOf(language))) {
      const isPlural = typeof english[name] === 'object';
      assert.equal(typeof message === 'object', isPlural, name);
      if (typeof message === 'object')
        assert.deepEqual(Object.keys(message).toSorted(), needed.toSorted(), name);
    }
  });
}

test('the byte units are six in every language', () => {
  for (const language of languages) {
    assert.equal(String(textsOf(language)['byteUnits']).split(' ').length, 6, language);
  }
});

test('a message is filled, a number in the way of the language, and the plural is its own', () => {
  const message = {
    one: '{count} sesja',
    few: '{count} sesje',
    many: '{count} sesji',
    other: '{count} sesji',
  };
  const forms = [1, 2, 5, 22, 112].map((count) => fillMessage(message, 'pl', { count }));
  assert.deepEqual(forms, ['1 sesja', '2 sesje', '5 sesji', '22 sesje', '112 sesji']);
  assert.equal(fillMessage('{count} von {all}', 'de', { count: 1_234 }), '1.234 von {all}');
  assert.equal(fillMessage('{file}', 'en', { file: '{count} $&' }), '{count} $&');
});

const requests: [header: string | undefined, language: string][] = [
  [undefined, 'en'],
  ['', 'en'],
  ['*', 'en'],
  ['de', 'de'],
  ['DE-at,de;q=0.9,en;q=0.8', 'de'],
  ['ja, fr;q=0.5, de;q=0.7', 'de'],
  ['en-US,en;q=0.9,de;q=0.8', 'en'],
  ['de;q=0, fr;q=0.1', 'fr'],
  ['pt-BR', 'pt'],
  ['de;q=many, nl', 'nl'],
  [`${'xx,'.repeat(50)}de`, 'en'],
  ['__proto__, constructor', 'en'],
];
test('the language is the one that the browser wants most of those that there are', () => {
  for (const [header, language] of requests) {
    assert.equal(chooseLanguage(header, languages), language, String(header));
  }
});
