/** Entry of a linkage worker thread. It steps back behind the thread that takes events and answers lookups. */
import { stepBack } from '../runtime/thread-priority.ts';
import { faultsAsAnswers } from '../runtime/worker-fault.ts';
import * as task from './linkage-task.ts';

export const runLinkageTask = faultsAsAnswers(task.runLinkageTask);

stepBack();
