-- What each credential may still send, and the log of what it sent. The proof of the window rule stands in src/store/budget.ts.

CREATE TABLE budget (
  credential     text PRIMARY KEY,
  closed_until   timestamptz,
  closed_reason  text,
  stopped_at     timestamptz,
  stopped_reason text
);
COMMENT ON TABLE budget IS 'Credentials that the server told to wait (429) or that were stopped (401, 403, guard). No row: open.';

CREATE TABLE request_log (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  credential  text NOT NULL,
  lane        text NOT NULL CHECK (lane IN ('live', 'review', 'bulk', 'idle')),
  purpose     text NOT NULL,
  record      text,
  method      text,
  kind        text,
  sent_at     timestamptz NOT NULL,
  counts_from timestamptz NOT NULL,
  answered_at timestamptz,
  status      smallint
);
COMMENT ON TABLE request_log IS 'One row for each permit, and so for each request that was sent. The windows are counted here.';
COMMENT ON COLUMN request_log.sent_at IS 'When the permit was given: the request was sent then or shortly after.';
COMMENT ON COLUMN request_log.counts_from IS
  'The request counts in a window until counts_from + the length of the window. The time of the answer; until it comes, the last moment at which the request can reach the server.';
COMMENT ON COLUMN request_log.method IS 'Known once the request is over, as are kind and answered_at. Null: a crash cut it off.';
COMMENT ON COLUMN request_log.status IS 'HTTP status. Null after answered_at: no answer came.';

CREATE INDEX request_log_window ON request_log (credential, counts_from) INCLUDE (lane);
CREATE INDEX request_log_purpose ON request_log (purpose);

-- Unlogged: after a crash of the server nobody waits any more.
CREATE UNLOGGED TABLE budget_waiter (
  credential text NOT NULL,
  process    text NOT NULL,
  lane       integer NOT NULL,
  size       integer NOT NULL,
  since      timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (credential, process)
);
COMMENT ON TABLE budget_waiter IS
  'The first in line of each process whose queue is blocked, so that no process gives a permit to a later lane, or to a later comer of the same lane.';

-- When room for more requests comes about in a window: free_at by what is known now, look_at at the earliest. They differ where a
-- request under way stands in between: it can be answered this instant at the earliest, so looking before look_at is of no use.
CREATE TYPE budget_slot AS (free_at timestamptz, look_at timestamptz);

CREATE FUNCTION budget_slot_after(
  p_credential text, p_now timestamptz, p_window interval, p_others boolean, p_used integer, p_to_leave integer
) RETURNS budget_slot
LANGUAGE plpgsql STABLE AS $$
DECLARE
  -- More must leave than are in the window when permits of this very call, or of those ahead of us, must leave too.
  place CONSTANT integer := least(p_used, p_to_leave);
  leaves timestamptz;
BEGIN
  IF p_to_leave <= 0 THEN
    RETURN (p_now, p_now)::budget_slot;
  END IF;
  IF p_others THEN
    SELECT counts_from INTO leaves FROM request_log
     WHERE credential = p_credential AND counts_from > p_now - p_window AND lane <> 'live'
     ORDER BY counts_from OFFSET greatest(place - 1, 0) LIMIT 1;
  ELSE
    SELECT counts_from INTO leaves FROM request_log
     WHERE credential = p_credential AND counts_from > p_now - p_window
     ORDER BY counts_from OFFSET greatest(place - 1, 0) LIMIT 1;
  END IF;
  IF p_to_leave > p_used THEN
    RETURN ('infinity'::timestamptz, least(leaves, p_now) + p_window)::budget_slot;
  END IF;
  RETURN (leaves + p_window, least(leaves, p_now) + p_window)::budget_slot;
END $$;

-- Gives permits to the first groups in line of one process; each group gets all its permits or none. Stops at the first group that
-- must wait: what stands behind it waits too, or a pair would never get two permits among single ones.
--
-- groups: [{ "lane": text, "waitedMs": number, "inFlightMs": number, "requests": [{ "purpose": text, "record": text | null }] }], in
-- the order of the queue. Limits null: not limited.
-- p_ahead_ms: a permit that becomes free so soon is given now, to be used after its delay: so the time of this call is not lost.
--
-- Returns the ids of the permits, in order; for each group granted its delay in ms; and for the next group why it is blocked and the
-- time after which to ask again. Asking sooner is of no use, except after a release.
CREATE FUNCTION budget_take(
  p_credential text,
  p_process text,
  p_second_limit integer,
  p_second_window_ms double precision,
  p_day_limit integer,
  p_day_limit_others integer,
  p_day_window_ms double precision,
  p_late_ms double precision,
  p_long_wait_ms double precision,
  p_ahead_ms double precision,
  p_registered boolean,
  p_groups jsonb
) RETURNS TABLE (ids bigint[], delays_ms double precision[], blocked_by text, reason text, wait_ms double precision)
LANGUAGE plpgsql AS $$
DECLARE
  ms CONSTANT interval := interval '1 millisecond';
  lanes CONSTANT text[] := ARRAY['live', 'review', 'bulk', 'idle'];
  -- A process that shows no sign of life for so long after it wanted to ask again no longer holds up the others.
  grace CONSTANT interval := interval '1 second';
  -- Another process goes first and is about to ask: look again then.
  soon CONSTANT interval := interval '5 milliseconds';
  second_window CONSTANT interval := p_second_window_ms * ms;
  day_window CONSTANT interval := p_day_window_ms * ms;
  now_at timestamptz;
  state budget%ROWTYPE;
  used_second integer := 0;
  used_day integer := 0;
  used_others integer := 0;
  given integer := 0;
  given_others integer := 0;
  next_group jsonb;
  group_lane integer;
  group_size integer;
  group_since timestamptz;
  other_waiters boolean;
  ahead integer := 0;
  ahead_lane integer;
  slot budget_slot;
  free_at timestamptz;
  look_at timestamptz;
BEGIN
  -- Cheaper than a row lock: a call that grants nothing writes nothing that must reach the disk. 1651860583 is "budg" in ASCII.
  PERFORM pg_advisory_xact_lock(1651860583, hashtext(p_credential));
  -- After the lock, never before: a request granted now must not be dated before one that was granted while we waited.
  now_at := clock_timestamp();
  ids := '{}';
  delays_ms := '{}';

  IF p_second_limit IS NULL AND p_day_limit IS NULL THEN
    -- Nothing is counted, so a crash of the server may lose the last rows of the log.
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;

  SELECT * INTO state FROM budget WHERE budget.credential = p_credential;
  IF state.stopped_at IS NOT NULL THEN
    DELETE FROM budget_waiter WHERE credential = p_credential AND process = p_process;
    blocked_by := 'stopped';
    reason := state.stopped_reason;
    RETURN NEXT;
    RETURN;
  END IF;

  IF p_second_limit IS NOT NULL THEN
    SELECT count(*) INTO used_second FROM request_log
     WHERE credential = p_credential AND counts_from > now_at - second_window;
  END IF;
  IF p_day_limit IS NOT NULL THEN
    SELECT count(*), count(*) FILTER (WHERE lane <> 'live') INTO used_day, used_others FROM request_log
     WHERE credential = p_credential AND counts_from > now_at - day_window;
  END IF;
  other_waiters := EXISTS (
    SELECT FROM budget_waiter WHERE credential = p_credential AND process <> p_process AND expires_at > now_at);

  FOR next_group IN SELECT value FROM jsonb_array_elements(p_groups) LOOP
    group_lane := array_position(lanes, next_group ->> 'lane');
    group_size := jsonb_array_length(next_group -> 'requests');
    group_since := now_at - (next_group ->> 'waitedMs')::double precision * ms;
    free_at := now_at;
    look_at := now_at;
    IF other_waiters THEN
      SELECT coalesce(sum(size), 0), min(lane) INTO ahead, ahead_lane FROM budget_waiter
       WHERE credential = p_credential AND process <> p_process AND expires_at > now_at
         AND (lane, since) < (group_lane, group_since);
    END IF;

    -- blocked_by ends as the reason that lasts longest.
    IF p_second_limit IS NOT NULL THEN
      slot := budget_slot_after(p_credential, now_at, second_window, false,
                                used_second, used_second + given + ahead + group_size - p_second_limit);
      IF slot.look_at > look_at THEN blocked_by := 'second'; END IF;
      free_at := greatest(free_at, slot.free_at);
      look_at := greatest(look_at, slot.look_at);
    END IF;
    IF p_day_limit IS NOT NULL THEN
      IF group_lane > 1 THEN
        slot := budget_slot_after(p_credential, now_at, day_window, true,
                                  used_others, used_others + given_others + ahead + group_size - p_day_limit_others);
        IF slot.look_at > look_at THEN blocked_by := 'liveShare'; END IF;
        free_at := greatest(free_at, slot.free_at);
        look_at := greatest(look_at, slot.look_at);
      END IF;
      slot := budget_slot_after(p_credential, now_at, day_window, false,
                                used_day, used_day + given + ahead + group_size - p_day_limit);
      IF slot.look_at > look_at THEN blocked_by := 'day'; END IF;
      free_at := greatest(free_at, slot.free_at);
      look_at := greatest(look_at, slot.look_at);
    END IF;
    IF state.closed_until > look_at THEN
      blocked_by := 'closed';
      reason := state.closed_reason;
      free_at := greatest(free_at, state.closed_until);
      look_at := state.closed_until;
    END IF;
    IF ahead_lane < group_lane THEN
      -- Not even where there is room for both.
      blocked_by := coalesce(blocked_by, 'lane');
      free_at := 'infinity';
    END IF;
    EXIT WHEN free_at > now_at + p_ahead_ms * ms;

    blocked_by := NULL;
    reason := NULL;
    delays_ms := delays_ms || extract(epoch FROM free_at - now_at)::double precision * 1000;
    given := given + group_size;
    IF group_lane > 1 THEN
      given_others := given_others + group_size;
    END IF;
  END LOOP;

  IF given > 0 THEN
    WITH permit AS (
      INSERT INTO request_log (credential, lane, purpose, record, sent_at, counts_from)
      SELECT p_credential, g ->> 'lane', r ->> 'purpose', r ->> 'record', use_at,
             use_at + ((g ->> 'inFlightMs')::double precision + p_late_ms) * ms
        FROM jsonb_array_elements(p_groups) WITH ORDINALITY AS groups (g, place)
        JOIN LATERAL (SELECT now_at + delays_ms[groups.place] * ms AS use_at) AS delayed ON groups.place <= cardinality(delays_ms)
        CROSS JOIN LATERAL jsonb_array_elements(g -> 'requests') WITH ORDINALITY AS requests (r, place_in_group)
       ORDER BY groups.place, place_in_group
      RETURNING id)
    SELECT array_agg(id ORDER BY id) INTO ids FROM permit;
  END IF;

  IF blocked_by IS NOT NULL THEN
    IF ahead > 0 THEN
      look_at := greatest(look_at, now_at + soon + p_ahead_ms * ms);
    END IF;
    wait_ms := extract(epoch FROM look_at - now_at) * 1000;
  END IF;
  IF wait_ms <= p_long_wait_ms THEN
    INSERT INTO budget_waiter (credential, process, lane, size, since, expires_at)
    VALUES (p_credential, p_process, group_lane, group_size, group_since, look_at + grace)
    ON CONFLICT (credential, process) DO UPDATE
      SET lane = excluded.lane, size = excluded.size, since = excluded.since, expires_at = excluded.expires_at;
  ELSIF p_registered THEN
    DELETE FROM budget_waiter WHERE credential = p_credential AND process = p_process;
  END IF;
  RETURN NEXT;
END $$;

-- Records that requests are over, and which permits were not used.
-- answers: [{ "id": number, "agoMs": number, "lateMs": number, "status": number | null, "method": text, "kind": text }].
-- agoMs is measured up to the sending of this call, so the time recorded is never earlier than the answer's. lateMs: how long the
-- request can still reach the server.
CREATE FUNCTION budget_settle(p_answers jsonb, p_released jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  ms CONSTANT interval := interval '1 millisecond';
  now_at CONSTANT timestamptz := clock_timestamp();
BEGIN
  -- A crash of the server that loses this leaves the requests counted as under way, which is longer.
  PERFORM set_config('synchronous_commit', 'off', true);
  UPDATE request_log
     SET answered_at = now_at - a."agoMs" * ms,
         -- Never later than what was assumed: a row that has left a window must not come back into it.
         counts_from = least(counts_from, now_at + (a."lateMs" - a."agoMs") * ms),
         status = a.status, method = a.method, kind = a.kind
    FROM jsonb_to_recordset(p_answers)
      AS a (id bigint, "agoMs" double precision, "lateMs" double precision, status smallint, method text, kind text)
   WHERE request_log.id = a.id AND request_log.answered_at IS NULL;
  DELETE FROM request_log USING jsonb_array_elements_text(p_released) AS released (id)
   WHERE request_log.id = released.id::bigint AND answered_at IS NULL;
END $$;
