export * from './errors.ts'
export { CATALOGUE, lookUp, type CatalogueEntry } from './catalogue.ts'
export { EXIT_CODES, type ExitName } from './exit-code.ts'
export { errnoName, errnoText } from './errno.ts'
