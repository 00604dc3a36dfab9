-- With the product's period it tells until when what was opened may be used.
ALTER TABLE lots ADD COLUMN opened_on TEXT CHECK (opened_on IS date(opened_on));
