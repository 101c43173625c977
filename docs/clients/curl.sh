curl --silent --show-error --fail-with-body --cacert "$UAPID_CERT" --header @- --get \
  --data api.columns=1 \
  --data api.columns_0=user --data api.columns_1=host --data api.columns_2=status \
  "https://$UAPID_HOST:2083/execute/Ftp/list_sessions" <<END
Authorization: cpanel $UAPID_USER:$UAPID_TOKEN
END
