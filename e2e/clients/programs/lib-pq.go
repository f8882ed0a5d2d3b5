// lib/pq as programs use it. Argument: the connection string. Tells what came, a line each.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lib/pq"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func code(err error) string {
	var refused *pq.Error
	if errors.As(err, &refused) {
		return string(refused.Code) + " " + refused.Message
	}
	return fmt.Sprint(err)
}

func main() {
	for _, mode := range []string{"", " binary_parameters=yes"} {
		use(os.Args[1]+mode, mode)
	}
}

func use(dsn string, mode string) {
	ctx := context.Background()
	db, err := sql.Open("postgres", dsn)
	check(err)
	defer db.Close()
	_, err = db.Exec(`drop table if exists client.items; create table client.items (id int primary key, name text, tags text[], at timestamptz, raw bytea, ratio float8)`)
	check(err)

	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var id int
	check(db.QueryRow(`insert into client.items values ($1, $2, $3, $4, $5, $6) returning id`, 1, "o'clock", pq.Array([]string{"a", "b c"}), at, []byte{0, 255}, 0.1).Scan(&id))
	statement, err := db.Prepare(`insert into client.items (id, name) values ($1, $2)`)
	check(err)
	for n := 2; n < 40; n++ {
		_, err = statement.Exec(n, fmt.Sprint("item ", n))
		check(err)
	}
	check(statement.Close())
	var name sql.NullString
	var tags []string
	var raw []byte
	var when time.Time
	var ratio float64
	check(db.QueryRow(`select name, tags, at, raw, ratio from client.items where id = $1`, 1).Scan(&name, pq.Array(&tags), &when, &raw, &ratio))
	fmt.Println(mode, "row", id, name, tags, when.UTC(), raw, ratio)

	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	check(err)
	copying, err := tx.Prepare(pq.CopyInSchema("client", "items", "id", "name"))
	check(err)
	for n := 100; n < 400; n++ {
		_, err = copying.Exec(n, fmt.Sprint("copied\t", n))
		check(err)
	}
	_, err = copying.Exec()
	check(err)
	check(copying.Close())
	check(tx.Commit())
	var count int
	check(db.QueryRow(`select count(*) from client.items`).Scan(&count))
	fmt.Println(mode, "copied", count)

	tx, err = db.Begin()
	check(err)
	_, err = tx.Exec(`insert into client.items (id) values (1)`)
	fmt.Println(mode, "unique", code(err))
	_, err = tx.Exec(`select 1`)
	fmt.Println(mode, "aborted", code(err))
	check(tx.Rollback())

	tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	check(err)
	_, err = tx.Exec(`delete from client.items`)
	fmt.Println(mode, "read only", code(err))
	check(tx.Rollback())

	listener := pq.NewListener(dsn, time.Second, time.Minute, nil)
	check(listener.Listen("news"))
	_, err = db.Exec(`select pg_notify('news', 'hello')`)
	check(err)
	for told := range listener.Notify {
		if told != nil {
			fmt.Println(mode, "notification", told.Channel, told.Extra)
			break
		}
	}
	check(listener.Close())

	running, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	go func() {
		_, err := db.ExecContext(running, `select pg_sleep(600) /* lib/pq */`)
		ended <- err
	}()
	for count = 0; count == 0; {
		check(db.QueryRow(`select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(600) /* lib/pq */'`).Scan(&count))
	}
	cancel()
	fmt.Println(mode, "cancelled", code(<-ended))
	check(db.QueryRow(`select 1`).Scan(&count))
	fmt.Println(mode, "alive", count)
}
