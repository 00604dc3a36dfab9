DROP TABLE safety_notice_recipients;
DROP TABLE safety_notices;
