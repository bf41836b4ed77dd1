# folder.t - anyone's own images: folders of pictures, NumPy's and HDF5 files, IDX; there and back, and what is refused.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
tab=$(printf '\t')
unset ORW_DATA

# told NAME [OPTION...]: what orw grid says of a data set on stderr.
told() { "$orw" grid "$@" sheet.png 2>&1 > /dev/null; }
digest() { told "$@" | sed 's/.*sha256 //'; }

# ---- there and back
run "$orw" export --images all/ sprites:7:40
is "$status" 0 "a data set becomes a folder of PNG files"
is "$(find all -name '*.png' | wc -l):$(wc -l < all/labels.tsv)" "40:40" "forty pictures and labels"
like "$(told folder:all)" "folder:all: 40 images of 32x32x3 (height, width, channels), mean [0-9.]* of 255, [0-9]* classes, sha256 " \
    "which is read back, and told of"
run "$orw" export --images all.npy folder:all
is "$status" 0 "to NumPy's format"
like "$err" "warning: all.npy: labels and captions are not written" "which has no labels, as is said"
run "$orw" export --images all.h5 npy:all.npy
is "$status" 0 "to HDF5"
is "$(digest hdf5:all.h5:/images)" "$(digest npy:all.npy)" "the same images, the same digest, whatever file they come from"
"$orw" grid sprites:7:40 one.png 2> /dev/null; "$orw" grid hdf5:all.h5:/images other.png 2> /dev/null
cmp one.png other.png
report $? "and the same sheet"
run "$orw" export --images small.npy folder:all --set data.size=8 --set data.colour=grey
like "$(told npy:small.npy)" "40 images of 8x8x1" "resized and grey on request"

# ---- classes, order, colours
mkdir -p classes/cat classes/b-cat; cp all/00000[0-4].png classes/cat; cp all/00000[5-9].png classes/b-cat
first=$(digest folder:classes)
like "$(told folder:classes)" "10 images .* 2 classes" "folders in the folder are classes"
mkdir again again/b-cat again/cat; for i in 9 8 7 6 5; do cp all/00000$i.png again/b-cat; done
for i in 4 3 2 1 0; do cp all/00000$i.png again/cat; done; touch again/.hidden
is "$(LC_ALL=C.UTF-8 digest folder:again/)" "$first" "in the order of their bytes, not in that of the folder"
cp all/000001.png again/cat/000000.png
[ "$(digest folder:again)" != "$first" ]
report $? "another picture, another digest"
run "$orw" export --images back/ folder:classes
is "$(sed -n "s/000000.png${tab}//p" back/labels.tsv):$(sed -n "s/000009.png${tab}//p" back/labels.tsv)" "b-cat:cat" "names are kept"
mkdir -p numbers/3 numbers/10; cp all/000000.png numbers/3; cp all/000001.png numbers/10
like "$(told folder:numbers)" "2 images .* 11 classes" "classes that are numbers are these numbers"
mkdir flat; cp all/00000[0-2].png flat; cp flat/000000.png flat/B.PNG; cp flat/000000.png flat/a.png
like "$(told folder:flat)" "5 images .* no labels" "without either there are no labels"
printf '# what they show\n000000.png\tdog\n000001.png\ta cat\n000002.png\tdog\nB.PNG\tdog\r\na.png\tzebra\n' > flat/labels.tsv
sed 's/\tdog/\ta dog, asleep/' flat/labels.tsv > flat/captions.tsv
like "$(told folder:flat)" "5 images .* 3 classes, captions" "labels.tsv and captions.tsv"
run "$orw" grid folder:flat sheet.png --count 2
is "$out" "# index${tab}caption
0${tab}a dog, asleep
1${tab}a cat" "captions are listed with the sheet"
run "$orw" export --images digits/ mnist:test --set data.size=8
rm digits/00[1-9]*.png; sed -i '/^00[1-9]/d' digits/labels.tsv
like "$(told folder:digits)" "1000 images of 8x8x1 .* 10 classes" "pictures without colour have one channel"
like "$(told folder:digits --set data.colour=rgb)" "8x8x3" "or three on request"

# ---- bad input
refused() { # refused PATTERN NAME FROM [OPTION...]
    pattern=$1 name=$2 from=$3
    shift 3
    fails "$pattern" "$name" "$orw" grid "$from" no.png "$@"
}
mkdir empty text sizes both wide
refused "empty: no pictures, expected files .png, .jpg or .jpeg" "a folder without pictures" folder:empty
echo hello > text/a.png
refused "text/a.png: not a PNG file" "what is no picture" folder:text
: > text/a.png
refused "text/a.png: is empty" "an empty file" folder:text
rm text/a.png; mkfifo text/a.png
refused "text/a.png: not a plain file" "a pipe, which is not waited for" folder:text
cp all/000000.png sizes/a.png; cp sheet.png sizes/b.png
refused "sizes/b.png: [0-9]*x[0-9]* pixels (height, width), but a.png has 32x32; data.size=N" "pictures of several sizes" folder:sizes
like "$(told folder:sizes --set data.size=16)" "2 images of 16x16" "which data.size brings to one"
cp all/000000.png both; mkdir both/cat; cp all/000000.png both/cat
refused "both: pictures both in it and in folders in it" "pictures at two depths" folder:both
refused "nowhere: expected a folder" "no folder" folder:nowhere
refused "folder:: expected folder:DIR" "no name" folder:
head -c 200 all/000000.png > wide/a.png
refused "wide/a.png: cannot be read as PNG" "a picture that is cut off" folder:wide
printf 'nobody.png\tdog\n' >> flat/labels.tsv
refused "flat/labels.tsv: line 7: 'nobody.png' is no PNG or JPEG file" "a label without its image" folder:flat
printf 'a.png\tdog\n' > flat/labels.tsv
refused "flat/labels.tsv: no line for '000000.png'" "an image without its label" folder:flat
printf 'a.png\tdog\na.png\tcat\n' > flat/labels.tsv
refused "flat/labels.tsv: line 2: 'a.png' stands there twice" "two labels" folder:flat
printf 'a.png dog\n' > flat/labels.tsv
refused "flat/labels.tsv: line 1: expected a file, a tab" "no tab" folder:flat
rm flat/labels.tsv; mkfifo flat/labels.tsv
refused "flat/labels.tsv: not a plain file" "a pipe of labels" folder:flat
rm flat/labels.tsv
mkdir "classes/$(printf '%050d' 0 | tr 0 c)"; cp all/000000.png classes/ccc*
refused "has a name of 50 bytes, expected at most 47" "a class of too long a name" folder:classes
refused "data.size.*9999" "a size beyond all" folder:all --set data.size=9999
refused "all.npy,no.npy\|no.npy: cannot be opened" "labels that are not there" npy:all.npy,no.npy
refused "all.npy: labels of type\|all.npy: [0-9]* labels in 4 dimensions" "images in place of labels" npy:all.npy,all.npy
head -c 1000 all.npy > cut.npy
refused "cut.npy: 1000 bytes, expected [0-9]*, as its header says" "an array that is cut off" npy:cut.npy
(cat all.npy; echo) > long.npy
refused "long.npy: [0-9]* bytes, expected" "and one that goes on" npy:long.npy
refused "all.h5: /nothing is not there" "an array that is not there" hdf5:all.h5:/nothing
refused "all.h5: /index is of another type" "an array that is no images" hdf5:all.h5:/index
refused "hdf5:all.h5: expected hdf5:FILE:/SET" "a file without an array" hdf5:all.h5
refused "all.npy: cannot be read as HDF5" "another kind of file" hdf5:all.npy:/images
head -c 3000 all.h5 > cut.h5
refused "cut.h5: " "an HDF5 file that is cut off" hdf5:cut.h5:/images
refused "idx:,: expected idx:IMAGES" "no names" idx:,
[ ! -e no.png ]
report $? "and nothing was written"
fails "sheet.png: is what is read\|lies in the folder" "a sheet in the folder of its pictures" "$orw" grid folder:all all/sheet.png
fails "all.npy: is what is read" "an array onto itself" "$orw" export --images all.npy npy:all.npy
fails "all/: expected an empty folder" "a folder in which something is" "$orw" export --images all/ npy:small.npy
fails "x.png: expected NAME.h5, NAME.npy, or NAME/" "one picture for many" "$orw" export --images x.png npy:small.npy
[ -z "$(find . -name '*.partial*')" ]
report $? "nothing half-written"

# ---- IDX, as MNIST has it, without labels
gzip -dc "$ORW_ROOT/data/mnist/t10k-images-idx3-ubyte.gz" > images.idx
like "$(told idx:images.idx)" "10000 images of 28x28x1 .*, no labels" "IDX without labels"
like "$(told "idx:images.idx,$ORW_ROOT/data/mnist/t10k-labels-idx1-ubyte.gz")" "10 classes" "and with them"

# ---- Fashion-MNIST, where it is
if [ -d /usr/share/datasets/fashion-mnist ]; then
    like "$(told fashion:test)" "fashion-test: 10000 images of 28x28x1 .* 10 classes" "Fashion-MNIST as Debian packs it"
else
    skip "dataset-fashion-mnist is not installed"
fi
fails "train-images-idx3-ubyte: not found: .* (Debian: dataset-fashion-mnist)\|^$" "where it would be looked for" \
    env ORW_DATA="$PWD" sh -c "[ -d /usr/share/datasets/fashion-mnist ] && { echo >&2; exit 2; }; exec \"$orw\" grid fashion:train no.png"
mkdir fashion; cp "$ORW_ROOT"/data/mnist/*.gz fashion
fails "fashion/train-images-idx3-ubyte.gz: SHA-256 of the content [0-9a-f]*: expected c59f468a" "digits are no garments" \
    env ORW_DATA="$PWD" "$orw" grid fashion:train no.png

# ---- drivers
compression="$BUILD/bin/compression $ORW_ROOT/experiments/compression/smoke.conf --set pretrain.updates=2 --set classifier_b.updates=2
    --set quality.images=4 --stage rewards --set evaluate.count=8 --set solver.steps=2"
mkdir more; cp all/*.png all/labels.tsv more
# shellcheck disable=SC2086
run $compression --set data.set=folder:more --set quality.images=2 --out mine
is "$status" 0 "compression on a folder: $(tail -n 1 tap.err)"
like "$err" "data: folder:more: 40 images of 32x32x3" "it is told of"
like "$err" "36 training and 4 test images" "every tenth image is kept for tests"
like "$("$orw" export --provenance mine/compression/base/model.h5)" "^data.train${tab}folder:more sha256 [0-9a-f]\{64\}$" "provenance has the digest"
cp more/000001.png more/000000.png
# shellcheck disable=SC2086
run $compression --set data.set=folder:more --set quality.images=2 --out mine
exists mine/compression/base.replaced-1 "another picture, another model"
stops() { # stops PATTERN NAME COMMAND...: status 2 and a last line that matches, behind what is said of the data
    pattern=$1 name=$2
    shift 2
    run "$@"
    is "$status" 2 "$name"
    like "$(tail -n 1 tap.err)" "error: $pattern" "in one line"
}
# shellcheck disable=SC2086
stops "npy:all.npy: no labels, expected images of two classes" "images without labels where classes are needed" \
    $compression --set data.set=npy:all.npy --set quality.images=2 --out bad
[ ! -e bad/compression/base ]
report $? "before anything is made"
# shellcheck disable=SC2086
stops "data.test: npy:small.npy has images of 8x8x1" "a test part of another shape" \
    $compression --set data.set=folder:more --set data.test=npy:small.npy --out bad
digits="$BUILD/bin/target_image $ORW_ROOT/experiments/target_image/smoke.conf --stage base --set pretrain.updates=2"
# shellcheck disable=SC2086
run $digits --set data.set=folder:digits --out mine
is "$status" 0 "target_image on a folder of digits: $(tail -n 1 tap.err)"
# shellcheck disable=SC2086
stops "data.set: folder:all has [0-9]* classes, expected ten" "which wants ten classes" $digits --set data.set=folder:all --out mine
done_testing
