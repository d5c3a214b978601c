import { bodyLimit } from 'hono/body-limit'
import { setCookie } from 'hono/cookie'
import { COOKIE, isSame, sessionOf, SIGN_IN, type Access } from './access.ts'
import type { Hono } from 'hono'
import type { Assets } from './assets.ts'
import { newNonce, pagePolicy } from './headers.ts'

/** The addresses of the page; what is shown there is in the query string. */
const PAGES = ['/', '/market', '/sql', '/lake']
const DAY_SECONDS = 86_400
const FORM_BYTES_MAX = 10_000
const FORM_LIMIT: Parameters<typeof bodyLimit>[0] = {
  maxSize: FORM_BYTES_MAX,
  onError: (context) => context.text('That is no token: too large.\n', 413),
}
/** A wrong token is answered this late, ms. */
const WRONG_MS = 500

/** The page's document at its addresses, and its files. */
export function pageRoutes(api: Hono, { document, files }: Assets): void {
  for (const path of PAGES)
    api.get(path, (context) => {
      if (document === null)
        return context.text(
          'The page was not built: run `npm run page`. /api works without.\n',
          503,
        )
      const nonce = newNonce()
      context.header('content-security-policy', pagePolicy(nonce))
      context.header('cache-control', 'no-store')
      return context.html(document.replaceAll('__NONCE__', nonce))
    })
  for (const [path, { type, body, gzipped, hashed }] of files)
    api.get(path, (context) => {
      context.header('content-type', type)
      context.header('vary', 'accept-encoding')
      context.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      if (!/\bgzip\b/.test(context.req.header('accept-encoding') ?? '')) return context.body(body)
      context.header('content-encoding', 'gzip')
      return context.body(gzipped)
    })
}

/** Asks for the token, and gives a browser that knows it a cookie for thirty days. */
export function signInRoutes(api: Hono, { token }: Access): void {
  api.post(SIGN_IN, bodyLimit(FORM_LIMIT), async (context) => {
    const { token: told } = await context.req.parseBody()
    if (token === null) return context.redirect('/', 303)
    if (typeof told !== 'string' || !isSame(told.trim(), token)) {
      await new Promise((resolve) => setTimeout(resolve, WRONG_MS))
      return context.html(signInPage('That is not the token.'), 401, signInHeaders())
    }
    setCookie(context, COOKIE, sessionOf(token), {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: 30 * DAY_SECONDS,
      secure: context.req.header('origin')?.startsWith('https:') ?? false,
    })
    return context.redirect('/', 303)
  })
}

export const signInHeaders = (): Record<string, string> => ({
  'content-security-policy': pagePolicy(newNonce()),
  'cache-control': 'no-store',
})

/** Needs no file and no script: those are behind the token too. `wrong` is our own text, never a request's. */
export const signInPage = (wrong = ''): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <meta name="color-scheme" content="light dark" />
    <title>ticklake: sign in</title>
  </head>
  <body>
    <main>
      <h1>ticklake</h1>
      <form method="post" action="${SIGN_IN}">
        <p>
          <label for="token">The token of this server (its setting serve.token)</label><br />
          <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
          <button>Sign in</button>
        </p>
        <p role="alert">${wrong}</p>
      </form>
    </main>
  </body>
</html>
`
