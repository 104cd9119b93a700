/** What always works. */
export const LAB = 'tsvmm lab -- doctor    # the same on an emulated arm64 host'
