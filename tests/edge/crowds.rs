//! How many connections there may be.

use crate::wire::{Wire, until};
use crate::{each_with, number};

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    each_with(
        |edge| edge.address_connections = number(5),
        |server| {
            // Asking is what shows that a connection was taken in.
            let open = || {
                let mut wire = Wire::open_from([127, 0, 0, 7], server.address());
                let sent = wire.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
                let status = wire.answer().map(|answer| answer.status);
                (sent && status == Some(200)).then_some(wire)
            };
            let mut held: Vec<Wire> = (0..5).map(|_| open().unwrap()).collect();
            assert!(open().is_none());
            let figures = server.stranger().get("/metrics").expect(200).text;
            let expected = "stipple_http_connections_refused_total 1\n";
            assert!(figures.contains(expected), "{figures}");
            // Others have their own.
            let mut another = Wire::open_from([127, 0, 0, 8], server.address());
            assert_eq!(another.ask("GET", "/livez", &[]).status, 200);
            // A place that is given up is free again.
            drop(held.pop());
            until("the place is free", || match open() {
                Some(wire) => {
                    held.push(wire);
                    true
                }
                None => false,
            });
        },
    );
}

#[test]
fn a_proxy_that_is_trusted_has_everybodys_connections() {
    each_with(
        |edge| {
            edge.address_connections = number(5);
            edge.trusted_proxies = vec!["127.0.0.7/32".parse().unwrap()];
        },
        |server| {
            let mut held: Vec<Wire> = (0..20)
                .map(|_| Wire::open_from([127, 0, 0, 7], server.address()))
                .collect();
            for wire in &mut held {
                assert_eq!(wire.ask("GET", "/livez", &[]).status, 200);
            }
        },
    );
}
