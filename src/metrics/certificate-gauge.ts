import { X509Certificate } from 'node:crypto';
import { Gauge, type Registry } from 'prom-client';

/**
 * Adds when the certificate of the https addresses ends. The function that it returns takes that
 * certificate in PEM form, or null where nothing speaks TLS: then nothing is said.
 */
export function addCertificateGauge(registry: Registry): (cert: string | null) => void {
  const gauge = new Gauge({
    name: 'uapid_certificate_expiry_timestamp_seconds',
    help: 'When the certificate that new https connections get ends, in seconds since the epoch; only where https is served.',
    registers: [registry],
    // Else it would say 0.
    labelNames: [],
  });
  gauge.reset();
  gauge.remove();
  let shown: string | null = null;
  return (cert) => {
    if (cert === null || cert === shown) return;
    shown = cert;
    gauge.set(Date.parse(new X509Certificate(cert).validTo) / 1_000);
  };
}
