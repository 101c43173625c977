/* global SwaggerUIBundle */
window.addEventListener('load', () => {
  SwaggerUIBundle({
    dom_id: '#swagger-ui',
    url: new URL('/docs/functions.json', window.location.href).href,
    deepLinking: true,
    docExpansion: 'list',
    // Without a bar of Swagger UI's own.
    layout: 'BaseLayout',
    presets: [SwaggerUIBundle.presets.apis],
    // Without null the page would ask a validator on the Internet.
    validatorUrl: null,
  });
});
