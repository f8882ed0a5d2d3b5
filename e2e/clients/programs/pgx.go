// pgx as programs use it. Argument: the connection string. Tells what came, a line each.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func code(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code + " " + refused.Message
	}
	return fmt.Sprint(err)
}

func main() {
	ctx := context.Background()
	for _, simple := range []bool{false, true} {
		config, err := pgx.ParseConfig(os.Args[1])
		check(err)
		config.PreferSimpleProtocol = simple
		conn, err := pgx.ConnectConfig(ctx, config)
		check(err)
		use(ctx, conn, simple)
		check(conn.Close(ctx))
	}
}

func use(ctx context.Context, conn *pgx.Conn, simple bool) {
	say := func(what string, values ...interface{}) {
		fmt.Println(append([]interface{}{"simple", simple, what}, values...)...)
	}
	_, err := conn.Exec(ctx, `drop table if exists client.items; create table client.items (id int primary key, name text, tags text[], at timestamptz, raw bytea, ratio float8, doc jsonb)`)
	check(err)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var id int
	check(conn.QueryRow(ctx, `insert into client.items values ($1, $2, $3, $4, $5, $6, $7) returning id`, 1, "o'clock", []string{"a", "b c"}, at, []byte{0, 255}, 0.1, `{"a": 1}`).Scan(&id))
	for n := 2; n < 20; n++ {
		_, err = conn.Exec(ctx, `insert into client.items (id, name) values ($1, $2)`, n, fmt.Sprint("item ", n))
		check(err)
	}
	var name string
	var tags []string
	var raw []byte
	var when time.Time
	var ratio float64
	var doc map[string]int
	check(conn.QueryRow(ctx, `select name, tags, at, raw, ratio, doc from client.items where id = $1`, 1).Scan(&name, &tags, &when, &raw, &ratio, &doc))
	say("row", id, name, tags, when.UTC(), raw, ratio, doc)

	batch := &pgx.Batch{}
	for n := 50; n < 90; n++ {
		batch.Queue(`insert into client.items (id, name) values ($1, $2)`, n, "batch")
	}
	batch.Queue(`select count(*) from client.items`)
	results := conn.SendBatch(ctx, batch)
	for n := 50; n < 90; n++ {
		_, err = results.Exec()
		check(err)
	}
	var count int64
	check(results.QueryRow().Scan(&count))
	check(results.Close())
	say("batch", count)

	broken := &pgx.Batch{}
	broken.Queue(`insert into client.items (id) values (95)`)
	broken.Queue(`insert into client.items (id) values (1)`)
	broken.Queue(`insert into client.items (id) values (96)`)
	say("batch fails", code(conn.SendBatch(ctx, broken).Close()))
	check(conn.QueryRow(ctx, `select count(*) from client.items where id in (95, 96)`).Scan(&count))
	say("nothing of it", count)

	rows := [][]interface{}{}
	for n := 100; n < 400; n++ {
		rows = append(rows, []interface{}{n, fmt.Sprint("copied ", n), float64(n)})
	}
	count, err = conn.CopyFrom(ctx, pgx.Identifier{"client", "items"}, []string{"id", "name", "ratio"}, pgx.CopyFromRows(rows))
	check(err)
	say("copied", count)
	var out strings.Builder
	_, err = conn.PgConn().CopyTo(ctx, &out, `copy (select id, name from client.items where id >= 398 order by id) to stdout`)
	check(err)
	say("copy to", out.String())

	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable})
	check(err)
	inner, err := tx.Begin(ctx)
	check(err)
	_, err = inner.Exec(ctx, `insert into client.items (id) values (1)`)
	say("unique", code(err))
	check(inner.Rollback(ctx))
	// Large objects of this driver are SQL functions.
	objects := tx.LargeObjects()
	oid, err := objects.Create(ctx, 0)
	check(err)
	object, err := objects.Open(ctx, oid, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
	check(err)
	_, err = object.Write([]byte("large"))
	check(err)
	_, err = object.Seek(1, io.SeekStart)
	check(err)
	part := make([]byte, 3)
	_, err = object.Read(part)
	check(err)
	say("large object", string(part))
	check(objects.Unlink(ctx, oid))
	check(tx.Commit(ctx))

	_, err = conn.Exec(ctx, `listen news`)
	check(err)
	_, err = conn.Exec(ctx, `notify news, 'hello'`)
	check(err)
	told, err := conn.WaitForNotification(ctx)
	check(err)
	say("notification", told.Channel, told.Payload)
	_, err = conn.Exec(ctx, `select 1 / $1::int`, 0)
	say("error", code(err))
	read, err := conn.Query(ctx, `select id from client.items order by id`)
	check(err)
	total := 0
	for read.Next() {
		check(read.Scan(&id))
		total += id
	}
	check(read.Err())
	say("read", total)
	check(conn.Ping(ctx))
}
