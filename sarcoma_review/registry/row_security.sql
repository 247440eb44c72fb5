-- What a registry of several centres has beside the tables of the migrations, and beside what row_security.py adds to
-- each table and each role. A centre logs in by a role of its own, and SESSION_USER, which no SET ROLE changes, says
-- whose a row is.

-- Cases whose patients agreed to sharing, as copies: the row-level security of the journal compares one column with
-- the session's user and nothing else, so that no plan of a query ever depends on rows it does not show.
CREATE TABLE IF NOT EXISTS network.shared_entry (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    held_by text COLLATE "C" NOT NULL,
    case_id varchar(64) NOT NULL,
    version integer NOT NULL,
    kind varchar(32) NOT NULL,
    recorded_at varchar(40) NOT NULL,
    author varchar(64) NOT NULL,
    body text NOT NULL,
    previous_hash varchar(64) NOT NULL,
    hash varchar(64) NOT NULL,
    UNIQUE (case_id, version)
);

-- The next number in a log of releases or bundles of one's own; a sequence would tell how many the others made.
CREATE OR REPLACE FUNCTION network.next_release() RETURNS integer LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(max(id), 0) + 1 FROM public.release_log WHERE held_by = SESSION_USER::text $$;

CREATE OR REPLACE FUNCTION network.next_bundle() RETURNS integer LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(max(id), 0) + 1 FROM public.bundle_log WHERE held_by = SESSION_USER::text $$;

-- The server computes every hash anew: an entry that does not follow the last one of its centre and of its case, says
-- another kind than its text, or speaks for another centre, is refused, whatever program sends it.
CREATE OR REPLACE FUNCTION network.admit_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    last record;
    earlier record;
    said text;
    named text;
    parts text;
    wrong text;
BEGIN
    PERFORM pg_advisory_xact_lock(23116);
    SELECT id, chain INTO last FROM public.journal WHERE held_by = SESSION_USER::text ORDER BY id DESC LIMIT 1;
    SELECT version, hash INTO earlier FROM public.journal
        WHERE held_by = SESSION_USER::text AND case_id = NEW.case_id ORDER BY version DESC LIMIT 1;
    BEGIN
        said := NEW.body::json ->> 'kind';
        named := coalesce(NEW.body::json ->> 'centre', NEW.body::json -> 'replacement' ->> 'centre', NEW.case_id);
    EXCEPTION WHEN data_exception THEN
        wrong := 'the text of an entry cannot be read';
    END;
    parts := '[' || to_json(NEW.case_id) || ',' || NEW.version || ',' || to_json(NEW.recorded_at) || ','
        || to_json(NEW.body) || ',' || to_json(NEW.previous_hash)
        || CASE WHEN NEW.author = '' THEN '' ELSE ',' || to_json(NEW.author) END || ']';
    wrong := coalesce(wrong, CASE
        WHEN network.holder(NEW.case_id) <> SESSION_USER OR strpos(NEW.case_id, '-') = 0
            THEN 'the id of a case or a meeting begins with the code of this centre and a hyphen'
        WHEN network.holder(named) <> SESSION_USER
            THEN 'a case is opened in the name of this centre alone'
        WHEN said IS DISTINCT FROM NEW.kind
            THEN 'the kind of an entry is the one its text says'
        WHEN NEW.version <> coalesce(earlier.version, 0) + 1 OR NEW.previous_hash <> coalesce(earlier.hash, '')
            THEN 'the entry does not follow the last one of its case'
        WHEN NEW.hash <> encode(sha256(convert_to(parts, 'UTF8')), 'hex')
            THEN 'the entry does not fit its hash'
        WHEN NEW.id <> coalesce(last.id, 0) + 1
            OR NEW.chain <> encode(sha256(convert_to(coalesce(last.chain, '') || NEW.hash, 'UTF8')), 'hex')
            THEN 'the entry does not follow the last one of this centre'
    END);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = wrong, ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION network.admit_checkpoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.journal WHERE held_by = SESSION_USER::text AND id = NEW.sequence AND chain = NEW.chain
    ) THEN
        RAISE EXCEPTION USING MESSAGE = 'a checkpoint is made of an entry of this centre and its chain',
            ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NEW;
END $$;

-- The latest word about sharing holds, after every correction; silence shares nothing with other centres.
CREATE OR REPLACE FUNCTION network.is_to_be_shared(asked text) RETURNS boolean LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    WITH said AS (
        SELECT version, body::json AS word FROM public.journal
        WHERE held_by = SESSION_USER::text AND case_id = asked AND kind IN ('consent', 'correction')
    ), placed AS (
        SELECT DISTINCT ON (place) coalesce((word ->> 'corrects')::integer, version) AS place,
            CASE WHEN word ->> 'kind' = 'correction' THEN word -> 'replacement' ELSE word END AS word
        FROM said ORDER BY place, version DESC
    )
    SELECT coalesce((
        SELECT (word ->> 'given')::boolean FROM placed
        WHERE word ->> 'kind' = 'consent' AND word ->> 'scope' = 'sharing' ORDER BY place DESC LIMIT 1
    ), false)
$$;

CREATE OR REPLACE FUNCTION network.share_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.kind NOT IN ('consent', 'correction') THEN
        INSERT INTO network.shared_entry
            (held_by, case_id, version, kind, recorded_at, author, body, previous_hash, hash)
            SELECT SESSION_USER, NEW.case_id, NEW.version, NEW.kind, NEW.recorded_at, NEW.author, NEW.body,
                NEW.previous_hash, NEW.hash
            WHERE EXISTS (SELECT FROM network.shared_entry WHERE case_id = NEW.case_id);
    ELSIF network.is_to_be_shared(NEW.case_id) THEN
        INSERT INTO network.shared_entry
            (held_by, case_id, version, kind, recorded_at, author, body, previous_hash, hash)
            SELECT held_by, case_id, version, kind, recorded_at, author, body, previous_hash, hash
            FROM public.journal WHERE held_by = SESSION_USER::text AND case_id = NEW.case_id ORDER BY version
            ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM network.shared_entry WHERE case_id = NEW.case_id;
    END IF;
    RETURN NULL;
END $$;

-- The journal as a centre sees it: its own entries, and those shared by others under numbers below 0, as they are none
-- of its own chain. It is for reading: a writer uses the table.
CREATE OR REPLACE VIEW network.journal WITH (security_invoker = true) AS
    SELECT id, case_id, version, kind, recorded_at, author, body, previous_hash, hash, chain FROM public.journal
    UNION ALL
    SELECT (number - 2147483648)::integer, case_id, version, kind, recorded_at, author, body, previous_hash, hash,
        ''::varchar(64)
    FROM network.shared_entry
    WHERE held_by <> SESSION_USER::text;

CREATE OR REPLACE TRIGGER admit_entry BEFORE INSERT ON public.journal
    FOR EACH ROW EXECUTE FUNCTION network.admit_entry();
CREATE OR REPLACE TRIGGER share_entry AFTER INSERT ON public.journal
    FOR EACH ROW EXECUTE FUNCTION network.share_entry();
CREATE OR REPLACE TRIGGER admit_checkpoint BEFORE INSERT ON public.checkpoint
    FOR EACH ROW EXECUTE FUNCTION network.admit_checkpoint();

-- What the owner released: suppressed counts, never the true ones beside them.
CREATE OR REPLACE VIEW network.released WITH (security_barrier = true) AS
    SELECT id, subject, shown, rule, released_at FROM public.release_log
    WHERE NOT starts_with(held_by, 'centre_');

REVOKE ALL ON FUNCTION network.is_to_be_shared(text) FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
