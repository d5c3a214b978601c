import { DAY_MS, type Setting } from './setting.ts'

/** What `land` does of its own accord to keep the tables small, and what it may take for it. */
export const UPKEEP_SETTINGS = {
  'land.upkeep': {
    kind: { type: 'choice', values: ['on', 'off'] },
    default: 'on',
    env: 'TICKLAKE_LAND_UPKEEP',
    doc: 'Whether `land` compacts, expires and cleans by itself; off: run those commands on a schedule of your own',
    commands: ['up', 'land'],
  },
  'land.snapshots_kept': {
    kind: { type: 'integer', min: 10, max: 720 },
    default: '360',
    env: 'TICKLAKE_LAND_SNAPSHOTS_KEPT',
    doc: 'The newest snapshots that expiry leaves: an hour of commits every 10 s',
    commands: ['up', 'land'],
  },
  'land.orphan_age': {
    kind: { type: 'duration', minMs: 7_200_000, maxMs: 3650 * DAY_MS },
    default: '3d',
    env: 'TICKLAKE_LAND_ORPHAN_AGE',
    doc: 'Files that no snapshot reaches are removed when they are this old',
    commands: ['up', 'land'],
  },
  'land.upkeep_memory': {
    kind: { type: 'size', min: 64_000_000, max: 1_000_000_000_000 },
    default: '512MB',
    env: 'TICKLAKE_LAND_UPKEEP_MEMORY',
    doc: 'Memory for sorting while files are written anew; what does not fit goes to disk',
    commands: ['up', 'land', 'compact', 'purge'],
  },
} as const satisfies Readonly<Record<string, Setting>>
