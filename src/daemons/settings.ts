import type { AllDaemonSettings, DaemonDescription, DaemonSetting } from './description.ts';
import { daemonDescriptions } from './descriptions.ts';

/** Every setting of every daemon. */
export function listDaemonSettings(
  descriptions: readonly DaemonDescription[] = daemonDescriptions,
): readonly DaemonSetting[] {
  return descriptions.flatMap(({ settings }) => settings);
}

/**
 * The settings of all daemons where `pathOf` gives the absolute path that was set, or undefined for
 * the defaults. Frozen, since they are part of the configuration.
 */
export function readDaemonSettings(
  pathOf: (setting: DaemonSetting) => string | undefined,
  descriptions: readonly DaemonDescription[] = daemonDescriptions,
): AllDaemonSettings {
  const ofDaemon = ({ settings }: DaemonDescription) =>
    settings.map((setting): [string, readonly string[]] => {
      const path = pathOf(setting);
      return [setting.key, Object.freeze(path === undefined ? setting.defaultPaths : [path])];
    });
  return Object.freeze(
    Object.fromEntries(
      descriptions.map((each) => [each.name, Object.freeze(Object.fromEntries(ofDaemon(each)))]),
    ),
  );
}
