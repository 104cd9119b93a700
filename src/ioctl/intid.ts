/**
 * INTIDs, the GIC's numbers for interrupts: 0 to 15 are SGIs, 16 to 31 PPIs, 32 to 1019 SPIs.
 * Arm IHI 0069H, 2.2. Documents and device trees count each kind from 0.
 */
export function ppiIntid(number: number): number {
  return 16 + number
}
