DELETE FROM pigment_record_lots
WHERE kind = 'diluent' AND product_id IS NULL AND lot_id IS NULL
  AND record_id IN (
    SELECT r.id FROM pigment_records r
    WHERE (r.mix::json ->> 'ratio') IS NOT NULL AND (r.mix::json ->> 'diluent') IS NULL
  );
