-- Where a ratio is told and not with what, something was added that nobody knows: any diluent may have been used.
INSERT INTO pigment_record_lots (record_id, position, kind)
SELECT r.id, coalesce((SELECT max(l.position) + 1 FROM pigment_record_lots l WHERE l.record_id = r.id), 0), 'diluent'
FROM pigment_records r
WHERE json_extract(r.mix, '$.ratio') IS NOT NULL AND json_extract(r.mix, '$.diluent') IS NULL;
