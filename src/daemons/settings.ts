import type { AllDaemonSettings, DaemonDescription, DaemonSetting } from './description.ts';
import { daemonDescriptions } from './descriptions.ts';

/** Every setting of every daemon. */
export function listDaemonSettings(
  descriptions: readonly DaemonDescription[] = daemonDescriptions,
): readonly DaemonSetting[] {
  return descriptions.flatMap(({ settings }) => settings);
}

/**
 * The settings of all daemons where `lookUp` gives the absolute path that was set, `switchedOn` for
 * a switch, or undefined for the defaults. Frozen, since they are part of the configuration.
 */
export function readDaemonSettings(
  lookUp: (setting: DaemonSetting) => string | undefined,
  descriptions: readonly DaemonDescription[] = daemonDescriptions,
): AllDaemonSettings {
  const ofDaemon = ({ settings }: DaemonDescription) =>
    settings.map((setting): [string, readonly string[]] => {
      const value = lookUp(setting);
      return [setting.key, Object.freeze(value === undefined ? setting.defaultPaths : [value])];
    });
  return Object.freeze(
    Object.fromEntries(
      descriptions.map((each) => [each.name, Object.freeze(Object.fromEntries(ofDaemon(each)))]),
    ),
  );
}
