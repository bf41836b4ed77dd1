# UNTESTED. Spack: packages/orw/package.py of a repository of yours, with the tarball of `make dist` beside spack's working folder.
import os

from spack.package import *


class Orw(MakefilePackage):
    """Online reward-weighted fine-tuning of flow matching with Wasserstein regularization, an MPI program in C."""

    license("MIT")
    url = f"file://{os.getcwd()}/orw-0.1.0.tar.gz"

    # spack checksum orw 0.1.0 gives the digest of your tarball.
    version("0.1.0")

    variant("shared", default=True, description="liborw.so as well")

    depends_on("c", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("perl", type=("build", "run"))
    depends_on("gnuplot", type="run")
    depends_on("mpi")
    depends_on("hdf5+mpi")
    depends_on("openblas")
    depends_on("gsl")
    depends_on("random123", type="build")
    depends_on("libpng")
    depends_on("libjpeg-turbo")
    depends_on("inih")
    depends_on("jansson")
    depends_on("xxhash")
    depends_on("openssl")
    depends_on("zlib-api")

    def build(self, spec, prefix):
        make("build")

    def install(self, spec, prefix):
        make("install", f"PREFIX={prefix}", "SHARED=" + ("yes" if "+shared" in spec else "no"))
