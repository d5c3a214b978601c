/** Style sheets are bundled apart; an import of one gives nothing. */
declare module '*.css' {}
