import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.*;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** The JDBC driver as programs use it. Argument: the URL. Tells what came, a line each. */
public class Jdbc {
  static void tell(String what, Object value) {
    System.out.println(what + ": " + value);
  }

  interface Work {
    void run() throws Exception;
  }

  static String failure(Work work) throws Exception {
    try {
      work.run();
      return "no error";
    } catch (SQLException error) {
      return error.getSQLState() + " " + error.getMessage();
    }
  }

  static String rows(ResultSet result) throws SQLException {
    int width = result.getMetaData().getColumnCount();
    List<String> all = new ArrayList<>();
    while (result.next()) {
      List<String> row = new ArrayList<>();
      for (int at = 1; at <= width; at++) {
        Object value = result.getObject(at);
        row.add(value instanceof byte[] bytes ? Arrays.toString(bytes) : String.valueOf(value));
      }
      all.add(String.join("|", row));
    }
    return all.toString();
  }

  static String ask(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(text)) {
      return rows(result);
    }
  }

  public static void main(String[] args) throws Exception {
    Connection connection = DriverManager.getConnection(args[0]);
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "create table client.items (id int primary key, big bigint, ratio float8, n numeric, name text, at timestamptz,"
              + " day date, uid uuid, raw bytea, yes bool, list int[])");
      statement.execute("create function client.twice(int) returns int language sql as 'select $1 * 2'");
    }

    // From the fifth on it is a named statement, and what comes back is binary.
    String insert = "insert into client.items values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    try (PreparedStatement prepared = connection.prepareStatement(insert)) {
      for (int n = 1; n <= 8; n++) {
        prepared.setInt(1, n);
        prepared.setLong(2, 1L << 40 | n);
        prepared.setDouble(3, n / 3.0);
        prepared.setBigDecimal(4, new BigDecimal("12345.6789").multiply(BigDecimal.valueOf(n)));
        prepared.setString(5, "näme " + n);
        prepared.setObject(6, OffsetDateTime.parse("2026-01-01T00:00:00Z").plusHours(n));
        prepared.setDate(7, Date.valueOf("2026-02-28"));
        prepared.setObject(8, new UUID(1, n));
        prepared.setBytes(9, new byte[] {0, (byte) 255, (byte) n});
        prepared.setBoolean(10, n % 2 == 0);
        prepared.setArray(11, connection.createArrayOf("int4", new Integer[] {n, null}));
        prepared.executeUpdate();
      }
    }
    try (PreparedStatement prepared = connection.prepareStatement("select * from client.items where id = ?")) {
      for (int n = 1; n <= 8; n++) {
        prepared.setInt(1, n);
        try (ResultSet result = prepared.executeQuery()) {
          tell("prepared " + n, rows(result));
        }
      }
    }
    tell("binary", ask(connection, "select count(*) > 0 from pg_prepared_statements"));

    connection.setAutoCommit(false);
    try (PreparedStatement batch = connection.prepareStatement(
        "insert into client.items (id, name) values (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
      for (int n = 100; n < 400; n++) {
        batch.setInt(1, n);
        batch.setString(2, "batch");
        batch.addBatch();
      }
      tell("batch", Arrays.stream(batch.executeBatch()).sum());
    }
    connection.commit();
    try (Statement batch = connection.createStatement()) {
      batch.addBatch("insert into client.items (id) values (500)");
      batch.addBatch("insert into client.items (id) values (1)");
      batch.addBatch("insert into client.items (id) values (501)");
      tell("batch fails", failure(batch::executeBatch));
    }
    connection.rollback();
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(50);
      int count = 0;
      try (ResultSet result = statement.executeQuery("select * from client.items")) {
        while (result.next()) count++;
      }
      tell("in slices", count);
    }
    Savepoint savepoint = connection.setSavepoint("before");
    tell("unique", failure(() -> ask(connection, "insert into client.items (id) values (1) returning id")));
    connection.rollback(savepoint);
    tell("goes on", ask(connection, "select count(*) from client.items"));
    connection.commit();
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setReadOnly(true);
    tell("read only", failure(() -> ask(connection, "insert into client.items (id) values (900) returning id")));
    connection.rollback();
    connection.setReadOnly(false);
    connection.setAutoCommit(true);

    CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
    tell("copy in", copy.copyIn("copy client.items (id, name) from stdin with (format csv)", new StringReader("600,\"a, b\"\n601,\n")));
    StringWriter out = new StringWriter();
    copy.copyOut("copy (select id, name from client.items where id >= 600 order by id) to stdout", out);
    tell("copy out", out.toString().replace("\n", "/"));
    tell("copy fails", failure(() -> copy.copyIn("copy client.items (id) from stdin", new StringReader("x\n"))));

    try (CallableStatement call = connection.prepareCall("{? = call client.twice(?)}")) {
      call.registerOutParameter(1, Types.INTEGER);
      call.setInt(2, 21);
      call.execute();
      tell("call", call.getInt(1));
    }
    // Large objects by SQL: the API of the driver speaks FunctionCall, which is refused.
    String oid = ask(connection, "select lo_from_bytea(0, 'large')").replaceAll("\\D", "");
    tell("large object", ask(connection, "select lo_get(" + oid + "), lo_unlink(" + oid + ")"));

    DatabaseMetaData about = connection.getMetaData();
    tell("server", about.getDatabaseProductName() + " " + about.getDatabaseMajorVersion());
    tell("tables", rows(about.getTables(null, "shop", "%", new String[] {"TABLE", "VIEW", "PARTITIONED TABLE"})));
    tell("columns", rows(about.getColumns(null, "shop", "orders", "%")));
    tell("keys", rows(about.getPrimaryKeys(null, "shop", "orders")) + rows(about.getImportedKeys(null, "shop", "orders")));
    tell("indexes", rows(about.getIndexInfo(null, "shop", "orders", false, false)).replaceAll("\\|[\\d.]+\\|\\d+\\|null", ""));
    // A function's specific name ends with its object id.
    tell("functions", rows(about.getFunctions(null, "shop", "%")).replaceAll("_\\d+(?=[,\\]])", ""));
    tell("privileges", rows(about.getTablePrivileges(null, "shop", "orders")));
    tell("types", rows(about.getUDTs(null, "shop", "%", null)));

    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      tell("timed out", failure(() -> statement.executeQuery("select pg_sleep(600)")));
    }
    Properties simple = new Properties();
    simple.setProperty("preferQueryMode", "simple");
    simple.setProperty("reWriteBatchedInserts", "true");
    simple.setProperty("ApplicationName", "jdbc test");
    try (Connection other = DriverManager.getConnection(args[0], simple)) {
      tell("simple mode", ask(other, "select 1, current_setting('application_name')"));
    }
    connection.close();
  }
}
