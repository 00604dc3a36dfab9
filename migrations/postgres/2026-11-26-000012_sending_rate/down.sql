DROP TABLE sending_rate;
