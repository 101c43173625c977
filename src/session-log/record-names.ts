/**
 * What an event says of the record of a pid: it was `made`, `removed`, or something else happened to it
 * (`written`); `nothing` of one that was told to be missed.
 */
export type RecordChange = 'made' | 'removed' | 'written' | 'nothing';

/**
 * Tells of events whether a record was made or removed. Node.js has one event for both, and a name comes again
 * with its pid: by the time that an event is handled the file of that name may be a later one.
 */
export interface RecordNames {
  /**
   * Takes an event: of the name itself (`isOfName`), made or removed, or of what is in the file. `isHeld` is
   * true where the record that is held open for that pid is still there.
   */
  take(pid: number, isOfName: boolean, isHeld: boolean): RecordChange;
  /** The one that was made could not be opened any more. */
  missed(pid: number): void;
  /** Exactly these are there now, whatever events came before; those of their making may still come. */
  begin(pids: Iterable<number>): void;
}

/**
 * `there`: it was made; `perhaps`: it was there when the watch began, and its making may still be told of;
 * `missed`: it was made, and gone before it could be opened.
 */
type State = 'there' | 'perhaps' | 'missed';

export function createRecordNames(): RecordNames {
  const states = new Map<number, State>();
  return {
    take(pid, isOfName, isHeld) {
      const state = states.get(pid);
      if (!isOfName) return state === 'missed' ? 'nothing' : 'written';
      // A name is made and removed in turn.
      const isMade = state === undefined || (state === 'perhaps' && isHeld);
      if (isMade) states.set(pid, 'there');
      else states.delete(pid);
      if (state === 'missed') return 'nothing';
      return isMade ? 'made' : 'removed';
    },
    missed: (pid) => void states.set(pid, 'missed'),
    begin(pids) {
      states.clear();
      for (const pid of pids) states.set(pid, 'perhaps');
    },
  };
}
