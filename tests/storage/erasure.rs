//! Every column has been thought of: whether it goes or stays when a client is erased.

use stipple_shared::domain::erasure::{WITHOUT_CLIENTS, fate};
use stipple_test_support::{Engine, TestDatabase};

#[test]
fn each_column_with_text_or_bytes_has_its_fate() {
    let database = TestDatabase::create(Engine::Sqlite);
    let columns = database.connect().describe_columns().unwrap();
    let mut decided = 0;
    for column in &columns {
        let name = column.column_name.as_str();
        let is_id = column.type_name == "BLOB" && (name == "id" || name.ends_with("_id"));
        if column.type_name == "INTEGER" || is_id {
            continue;
        }
        assert!(
            fate(&column.table_name, name).is_some(),
            "say in domain/erasure.rs what becomes of {}.{name} when a client is erased",
            column.table_name
        );
        decided += 1;
    }
    assert!(decided > 100, "{decided}");
    for table in WITHOUT_CLIENTS {
        let of_table = |name: &str| {
            columns
                .iter()
                .any(|column| column.table_name == *table && column.column_name == name)
        };
        assert!(
            of_table("id") || of_table("key_id") || of_table("client_id"),
            "{table} is gone"
        );
        let names_clients = of_table("client_id") && *table != "clients_without_words";
        assert!(!names_clients, "{table} is about clients");
    }
}
