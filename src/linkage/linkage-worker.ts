/** Entry of a linkage worker thread. It steps back behind the thread that takes events and answers lookups. */
import { stepBack } from '../runtime/thread-priority.ts';

export { runLinkageTask } from './linkage-task.ts';

stepBack();
