/*
 * shorten-licences.mjs FILE: prints a file of licences with a reference to Debian's copy in place of the
 * terms of the Apache License (Debian Policy 12.5).
 */
import { readFileSync } from 'node:fs';

const [, , file] = process.argv;
const terms =
  /^ *Apache License\n+ *Version 2\.0, January 2004\n.*?END OF TERMS AND CONDITIONS$/gms;
const reference =
  'The terms of the Apache License, version 2.0, are in /usr/share/common-licenses/Apache-2.0 on Debian.';

const text = readFileSync(file, 'utf8').replaceAll('\r', '');
process.stdout.write(text.replace(terms, reference));
