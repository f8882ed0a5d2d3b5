import java.sql.*;
import org.postgresql.PGConnection;
import org.postgresql.largeobject.*;

/** The driver's API of large objects. It speaks FunctionCall. Argument: the URL. */
public class LargeObject {
  public static void main(String[] args) throws Exception {
    try (Connection connection = DriverManager.getConnection(args[0])) {
      connection.setAutoCommit(false);
      try {
        LargeObjectManager manager = connection.unwrap(PGConnection.class).getLargeObjectAPI();
        long oid = manager.createLO();
        try (org.postgresql.largeobject.LargeObject object = manager.open(oid)) {
          object.write("large".getBytes());
          object.seek(0);
          System.out.println("api: " + new String(object.read(5)));
        }
        manager.delete(oid);
      } catch (SQLException error) {
        System.out.println("api: " + error.getSQLState() + " " + error.getMessage());
      }
      connection.rollback();
      try (ResultSet result = connection.createStatement().executeQuery("select 1")) {
        result.next();
        System.out.println("alive: " + result.getInt(1));
      }
    }
  }
}
