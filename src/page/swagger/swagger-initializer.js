/* global SwaggerUIBundle, SwaggerUIStandalonePreset */
window.addEventListener('load', () => {
  SwaggerUIBundle({
    dom_id: '#swagger-ui',
    url: new URL('/docs/json', window.location.href).href,
    deepLinking: true,
    docExpansion: 'list',
    layout: 'StandaloneLayout',
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    // Without null the page would ask a validator on the Internet.
    validatorUrl: null,
  });
});
