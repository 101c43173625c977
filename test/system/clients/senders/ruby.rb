# Sends requests of tests with Net::HTTP, one JSON object a line in and one out.
require 'json'
require 'net/http'
require 'openssl'

$stdout.sync = true
while (line = $stdin.gets)
  wanted = JSON.parse(line)
  uri = URI.parse(wanted['url'])
  http = Net::HTTP.new(uri.host, uri.port)
  http.use_ssl = true
  http.verify_mode = OpenSSL::SSL::VERIFY_NONE
  request = Net::HTTP.const_get(wanted['method'].capitalize).new(uri.request_uri)
  wanted['headers'].each { |name, value| request.add_field(name, value) }
  if wanted['body']
    request.body = wanted['body']
    request['Content-Type'] = 'application/x-www-form-urlencoded' if wanted['isForm']
  end
  answer = http.start { |open| open.request(request) }
  headers = answer.each_header.to_h
  puts JSON.generate(status: answer.code.to_i, headers: headers, body: answer.body.force_encoding('UTF-8'))
end
