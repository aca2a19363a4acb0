/** What answers need of that whose rows they show: a shard of people, or the accounts. */
import type { ProfileRenderer } from '../../profile/profile-renderer.ts';
import type { Shard } from '../../shard/shard.ts';

export interface AnsweringShard extends Pick<Shard, 'data' | 'appliedSeq'> {
  readonly renderer: Pick<ProfileRenderer, 'render' | 'bytes' | 'start' | 'end' | 'writeId' | 'idOf'>;
}
