/**
 * A change log that nobody may drain for long: past its limit it gives up, forgets everything and says so, and the index that
 * listened is built again when it is asked.
 */
import { ChangeLog } from '../../profile/text-column.ts';

const ENTRY_LIMIT = 3_000_000;

export class BoundedChangeLog extends ChangeLog {
  isLost = false;

  override record(index: number, oldCode: number, newCode: number): void {
    if (this.isLost) return;
    super.record(index, oldCode, newCode);
    if (this.entries.length <= ENTRY_LIMIT) return;
    this.isLost = true;
    this.entries.length = 0;
  }
}
