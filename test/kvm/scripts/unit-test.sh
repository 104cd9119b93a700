# Runs an image as kvm-unit-tests' runner does with --target=kvmtool, and says what it makes of it:
#   sh unit-test.sh IMAGE TIMEOUT ARGUMENTS [FLAG...]
# The environment file is $KVM_UNIT_TESTS_ENV, what the VMM said is left in $LOG.
image=$1 seconds=$2 arguments=$3
shift 3

# That of busybox has no --foreground, and stays in the foreground anyway. It is that of the emulated
# host, whose CPUs are too slow on a busy machine to end a process in the one second that is given.
if timeout --help 2>&1 | grep -q foreground
then timeout="timeout -k 1s --foreground ${seconds}s"
else timeout="timeout -k 15 $seconds"
fi

vmm() {
  kernel=$1
  shift
  $timeout tsvmm run --kernel "$kernel" --cpus 2 --params "$arguments" \
    --nodefaults --network mode=none --loglevel=warning "$@" \
    ${KVM_UNIT_TESTS_ENV:+--initrd "$KVM_UNIT_TESTS_ENV"} </dev/null
}

if ! tsvmm --help 2>/dev/null | grep -q 'The most commonly used'
then echo "A kvmtool binary was not found."; exit 2
fi

# A VMM that gets as far as the kernel can run the test.
vmm _NO_FILE_4Uhere_ "$@" >"$LOG" 2>&1
if ! grep -q 'Fatal: Unable to open kernel _NO_FILE_4Uhere_' "$LOG"
then echo "SKIP ($(tail -1 "$LOG"))"; exit
fi

vmm "$image" "$@" >"$LOG" 2>&1
status=$?
[ $status = 0 ] && status=1
if [ $status = 1 ]
then
  said=$(sed -n 's/^EXIT: .*STATUS=\([0-9][0-9]*\).*/\1/p' "$LOG")
  [ "$said" = 1 ] && status=0 || status=${said:-1}
fi
case $status in
  0) echo PASS ;;
  77) echo SKIP ;;
  124 | 143) echo "FAIL (timeout; duration=${seconds}s)" ;;
  *) echo "FAIL ($status)" ;;
esac
