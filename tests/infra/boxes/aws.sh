#!/bin/bash
# Stands in for the AWS CLI of a box: parameters and buckets are files below /srv/aws, and `away` there is an AWS out of reach.
until [ ! -e /srv/aws/slow ]; do sleep 0.1; done
if [ -e /srv/aws/away ]; then echo "Could not connect to the endpoint URL" >&2; exit 255; fi
case "$1 $2" in
"ssm get-parameter")
  while [ "$1" != --name ]; do shift; done
  cat "/srv/aws/parameters$2" 2>/dev/null && exit
  echo "An error occurred (ParameterNotFound) when calling the GetParameter operation" >&2; exit 254 ;;
"s3 cp") from=${*: -2:1}; exec cp "/srv/aws/${from#s3://}" "${*: -1}" ;;
*) echo "An error occurred (ResourceNotFoundException)" >&2; exit 254 ;;
esac
