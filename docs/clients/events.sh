exec curl --silent --show-error --fail-with-body --no-buffer --cacert "$UAPID_CERT" --header @- \
  "https://$UAPID_HOST:2083/events" <<END
Authorization: cpanel $UAPID_USER:$UAPID_TOKEN
END
