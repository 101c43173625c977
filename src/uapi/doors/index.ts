import { contractDoor } from './contract.ts';
import type { Door } from './door.ts';
import { elsewhereDoors } from './elsewhere.ts';
import { executeDoor } from './execute.ts';
import { jsonApiDoor } from './json-api.ts';
import { jsonApiCpanelDoor } from './json-api-cpanel.ts';
import { jsonApiUapiCpanelDoor } from './json-api-uapi-cpanel.ts';
import { loginDoor } from './login.ts';
import { logoutDoor } from './logout.ts';
import { xmlApiDoor } from './xml-api.ts';

/** Every URL form that is answered; of two that fit a path the one named first is its door. */
export const doors: readonly Door[] = [
  executeDoor,
  jsonApiCpanelDoor,
  jsonApiUapiCpanelDoor,
  jsonApiDoor,
  xmlApiDoor,
  loginDoor,
  logoutDoor,
  ...elsewhereDoors,
  contractDoor,
];

/** The door at which a URL knocks. The contract's takes what no other does. */
export function doorOf(url: string): Door {
  return (
    doors.find(
      ({ prefix }) => url.startsWith(prefix) && /^(?:[/?]|$)/.test(url.slice(prefix.length)),
    ) ?? contractDoor
  );
}
