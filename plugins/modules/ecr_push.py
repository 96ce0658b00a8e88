#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecr_push
short_description: Build images and push them to ECR, unless the registry has them already
version_added: 0.1.0
description:
  - Takes a fingerprint of everything an image is built from, and looks for it in the repository as the tag C(src-) with
    the first 24 digits of the fingerprint.
  - When that tag is there, nothing is built and nothing is pushed, and no container engine is needed. Tags in O(tags)
    that the image lacks are added by the API.
  - Otherwise the image is built with docker or podman, its platform is checked, and it is pushed. The digest is the one
    the registry tells, held against the one the push reported.
  - Several images are worked on side by side. All are looked up before the first is built.
author:
  - Slipway authors (@slipway-aws)
options:
  images:
    description:
      - The images, by the name people know them by.
      - "Keys of each: C(repository) is the repository's address without tag; C(context) the folder to build from;
        C(dockerfile) is relative to it (default C(Dockerfile)); C(build_args) are names and values; C(platform) is
        operating system and architecture (default C(linux/amd64)); C(target) is the stage to stop at."
      - Build arguments are no place for secrets, as they can be read from the image. Names that look like one are
        warned about, and their values are masked in what is shown and returned.
      - Mind that Ansible writes the options of every task to the system log of the machine it runs on.
    type: dict
    required: true
  tags:
    description:
      - Tags to give every image besides the one of its fingerprint, for instance the commit it was built from.
      - On a repository with immutable tags, a tag that names this very image already is fine, and one that names
        another is an error.
    type: list
    elements: str
    default: []
  project_dir:
    description:
      - The folder that relative paths of C(context) start from.
    type: path
    default: .
  engine:
    description:
      - The program that builds and pushes. V(auto) takes docker if its daemon answers, and podman otherwise.
    type: str
    choices: [auto, docker, podman]
    default: auto
  docker_host:
    description:
      - The address of the Docker daemon, as in the environment variable E(DOCKER_HOST), which it replaces.
      - Podman's socket will do as well.
    type: str
  parallel:
    description:
      - How many images to work on at the same time.
    type: int
    default: 4
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.planned
notes:
  - The fingerprint covers the context as C(.dockerignore) leaves it (paths, contents, and the right to execute), the
    Dockerfile, names and values of build arguments, platform and target. It covers the name of the base image, but
    not what that name points to today; name the base by its digest to have that covered too.
  - The login token is handed to the engine in a private folder that is removed after the push. It is in no command line
    and in no log.
  - For a repository in ECR the region is read from its address.
seealso:
  - module: slipway.aws.ecs_deploy
  - module: community.docker.docker_image_push
"""

EXAMPLES = r"""
- name: Build and push one image, tagged with the commit
  slipway.aws.ecr_push:
    images:
      backend:
        repository: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chatbot/backend
        context: app
    project_dir: "{{ playbook_dir }}/.."
    tags:
      - 4f2a9c1d7e
  register: pushed

- name: Show what to deploy
  ansible.builtin.debug:
    msg: "{{ pushed.images.backend.uri }}"

- name: Build two images side by side, one of them for another architecture
  slipway.aws.ecr_push:
    images:
      api:
        repository: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/shop/api
        context: services
        dockerfile: api/Dockerfile
        build_args:
          PYTHON_VERSION: "3.12"
      worker:
        repository: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/shop/worker
        context: services/worker
        platform: linux/arm64
        target: runtime
"""

RETURN = r"""
images:
  description: What became of each image, by its name in O(images).
  returned: always, unless the options were refused
  type: dict
  contains:
    outcome:
      description: One of V(succeeded), V(no_op), V(failed).
      returned: always
      type: str
      sample: succeeded
    uri:
      description: The image by its digest, ready to deploy. Null as long as it has not been built.
      returned: always
      type: str
      sample: registry.example.com/chatbot@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
    digest:
      description: The digest the registry tells. Null as long as the image has not been built.
      returned: always
      type: str
      sample: sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
    reference:
      description: The image by the tag of its fingerprint, which is known before it is built.
      returned: always
      type: str
      sample: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chatbot/backend:src-9a1e0c5b7d3f48260b1c4d6e
    tags:
      description: The tags the image has been given, first the one of its fingerprint.
      returned: always
      type: list
      elements: str
      sample: [src-9a1e0c5b7d3f48260b1c4d6e, 4f2a9c1d7e]
    fingerprint:
      description: The fingerprint of what the image is built from.
      returned: always
      type: str
      sample: 9a1e0c5b7d3f48260b1c4d6ef1a2b3c45d6e7f8091a2b3c4d5e6f708192a3b4c
    built:
      description: Whether it was built; in check mode, whether it would be.
      returned: always
      type: bool
      sample: true
    pushed:
      description: Whether it was pushed; in check mode, whether it would be.
      returned: always
      type: bool
      sample: true
    seconds:
      description: How long it took.
      returned: always
      type: float
      sample: 12.3
    error:
      description: What went wrong with this image.
      returned: on failure
      type: str
      sample: The build context of image backend is missing. /srv/chatbot/app is not a folder.
    log:
      description: The last lines of the build or push that failed, without the values of secret build arguments.
      returned: on failure
      type: list
      elements: str
      sample: ["RUN make", "make: *** No targets specified and no makefile found.  Stop."]
"""

from ansible.module_utils.common.warnings import warn  # AnsibleAWSModule.warn ends in a deprecation notice
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.push_images import push_images
from ansible_collections.slipway.aws.plugins.module_utils._image.spec import secrets_in


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "images": {"type": "dict", "required": True},
            "tags": {"type": "list", "elements": "str", "default": []},
            "project_dir": {"type": "path", "default": "."},
            "engine": {"type": "str", "choices": ["auto", "docker", "podman"], "default": "auto"},
            "docker_host": {"type": "str"},
            "parallel": {"type": "int", "default": 4},
        },
        supports_check_mode=True,
    )
    # The options come back in every result; which of them are secret shows only in the names of the arguments.
    module._module.no_log_values.update(secrets_in(module.params["images"]))
    try:
        result = push_images(module.params, Clients(module.params), check_mode=module.check_mode, warn=warn)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
