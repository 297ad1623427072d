-- The monitoring reads metrics and nothing else.
function IncomingHttpRequestFilter(method, uri, ip, username, httpHeaders)
  if username == 'monitor' then
    return method == 'GET' and uri == '/tools/metrics-prometheus'
  end
  return true
end
