/** What a Java properties file says. */
export type Properties = Readonly<Record<string, string>>

/** As a properties file, in which a backslash begins an escape. */
export const propertiesText = (properties: Properties): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('')
