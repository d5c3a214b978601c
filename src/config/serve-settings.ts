import { text, type Setting } from './setting.ts'

/** Who may reach the page, and what a statement from it may take. */
export const SERVE_SETTINGS = {
  host: {
    kind: text('HOST'),
    default: '127.0.0.1',
    env: 'TICKLAKE_HOST',
    doc: 'The address that the page and the API listen on; off this machine serve.token is needed',
    commands: ['up', 'serve', 'doctor'],
  },
  'serve.hosts': {
    kind: { type: 'list', metavar: 'NAME,…' },
    default: 'localhost',
    env: 'TICKLAKE_SERVE_HOSTS',
    doc: 'Names under which the page is asked for, as that of a proxy, besides those of this machine; any other is refused',
    commands: ['up', 'serve'],
  },
  'serve.token': {
    kind: { type: 'secret' },
    default: null,
    fallback: 'none: whoever is on this machine may look',
    env: 'TICKLAKE_SERVE_TOKEN',
    doc: 'What the page, the API and the metrics ask for, 16 characters at least; never a flag, never printed',
    commands: [],
  },
  'serve.token_file': {
    kind: text('FILE'),
    default: null,
    env: 'TICKLAKE_SERVE_TOKEN_FILE',
    doc: 'A file that holds that token',
    commands: [],
  },
  'serve.timeout': {
    kind: { type: 'duration', minMs: 1000, maxMs: 3_600_000 },
    default: '60s',
    env: 'TICKLAKE_SERVE_TIMEOUT',
    doc: 'A statement from the page or the API is stopped after this long',
    commands: ['up', 'serve'],
  },
} as const satisfies Readonly<Record<string, Setting>>
