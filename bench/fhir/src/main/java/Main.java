import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.config.util.ValidationSupportConfigUtil;
import ca.uhn.fhir.jpa.dao.FulltextSearchSvcImpl;
import ca.uhn.fhir.jpa.dao.IFulltextSearchSvc;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirPostgresDialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.search.IStaleSearchDeletingSvc;
import ca.uhn.fhir.jpa.search.StaleSearchDeletingSvcImpl;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.validation.JpaValidationSupportChain;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.util.Properties;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.hl7.fhir.common.hapi.validation.support.CachingValidationSupport;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.*;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/** A HAPI FHIR server (R4) whose resources lie in PostgreSQL: Main PORT JDBC-URL USER PASSWORD. It serves /fhir and asks for no login. */
public class Main {
  static String url, user, password;

  public static void main(String[] args) throws Exception {
    url = args[1];
    user = args[2];
    password = args[3];
    AnnotationConfigApplicationContext ctx = new AnnotationConfigApplicationContext(Config.class);
    RestfulServer fhir = new RestfulServer(ctx.getBean(FhirContext.class));
    fhir.setDefaultResponseEncoding(EncodingEnum.JSON);
    fhir.registerProviders(ctx.getBean(ResourceProviderFactory.class).createProviders());
    IFhirSystemDao<?, ?> dao = ctx.getBean(IFhirSystemDao.class);
    fhir.registerProvider(ctx.getBean(JpaSystemProvider.class));
    fhir.setServerConformanceProvider(new JpaCapabilityStatementProvider(fhir, dao, ctx.getBean(JpaStorageSettings.class),
        ctx.getBean(ISearchParamRegistry.class), ctx.getBean(IValidationSupport.class)));
    fhir.setPagingProvider(ctx.getBean(DatabaseBackedPagingProvider.class));
    Server server = new Server(Integer.parseInt(args[0]));
    ServletContextHandler handler = new ServletContextHandler("/");
    handler.addServlet(new ServletHolder(fhir), "/fhir/*");
    server.setHandler(handler);
    server.start();
    System.out.println("READY");
    server.join();
  }

  @Configuration
  @Import({JpaR4Config.class, HapiJpaConfig.class, JpaBatch2Config.class, Batch2JobsConfig.class, ThreadPoolFactoryConfig.class,
      SubscriptionChannelConfig.class, SubscriptionSubmitterConfig.class})
  public static class Config {
    @Bean
    public JpaStorageSettings storageSettings() {
      JpaStorageSettings s = new JpaStorageSettings();
      s.setEnforceReferentialIntegrityOnWrite(false);
      s.setEnforceReferentialIntegrityOnDelete(false);
      s.setAllowExternalReferences(true);
      s.setExpungeEnabled(true);
      s.setResourceClientIdStrategy(JpaStorageSettings.ClientIdStrategyEnum.ANY);
      return s;
    }

    @Bean
    public SubscriptionSettings subscriptionSettings() {
      return new SubscriptionSettings();
    }


    @Bean
    public IFulltextSearchSvc fullTextSearchSvc() {
      return new FulltextSearchSvcImpl();
    }

    @Bean
    public IStaleSearchDeletingSvc staleSearchDeletingSvc() {
      return new StaleSearchDeletingSvcImpl();
    }

    @Primary
    @Bean
    public CachingValidationSupport validationSupportChain(JpaValidationSupportChain c) {
      return ValidationSupportConfigUtil.newCachingValidationSupport(c);
    }

    @Bean
    public PartitionSettings partitionSettings() {
      return new PartitionSettings();
    }

    @Bean(destroyMethod = "close")
    public DataSource dataSource() {
      BasicDataSource d = new BasicDataSource();
      d.setDriver(new org.postgresql.Driver());
      d.setUrl(url);
      d.setUsername(user);
      d.setPassword(password);
      d.setMaxTotal(10);
      return d;
    }

    @Bean
    public DatabaseBackedPagingProvider databaseBackedPagingProvider() {
      DatabaseBackedPagingProvider p = new DatabaseBackedPagingProvider();
      p.setDefaultPageSize(50);
      p.setMaximumPageSize(500);
      return p;
    }

    @Primary
    @Bean
    public LocalContainerEntityManagerFactoryBean entityManagerFactory(ConfigurableListableBeanFactory factory, FhirContext fhir, DataSource source, JpaStorageSettings settings) {
      LocalContainerEntityManagerFactoryBean b = HapiEntityManagerFactoryUtil.newEntityManagerFactory(factory, fhir, settings);
      b.setPersistenceUnitName("HAPI_PU");
      b.setDataSource(source);
      Properties p = new Properties();
      p.put("hibernate.dialect", HapiFhirPostgresDialect.class.getName());
      p.put("hibernate.hbm2ddl.auto", "update");
      p.put("hibernate.jdbc.batch_size", "20");
      p.put("hibernate.cache.use_query_cache", "false");
      p.put("hibernate.cache.use_second_level_cache", "false");
      p.put("hibernate.search.enabled", "false");
      b.setJpaProperties(p);
      return b;
    }

    @Primary
    @Bean
    public JpaTransactionManager transactionManager(EntityManagerFactory f) {
      JpaTransactionManager m = new JpaTransactionManager();
      m.setEntityManagerFactory(f);
      return m;
    }
  }
}
