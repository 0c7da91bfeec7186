"""What a corp's double knows: contacts, groups, tags, and how WeCom tells them."""

from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass
class Contact:
    """One customer as one member of staff has them."""

    userid: str
    person: str
    at: int
    name: str = ""
    unionid: str = ""
    state: str = ""
    remark: str = ""
    description: str = ""
    mobiles: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    add_way: int = 1

    def who(self) -> Body:
        """The customer, the same for every member."""
        union = {"unionid": self.unionid} if self.unionid else {}
        named = {"external_userid": self.person, "name": self.name}
        return {**named, "avatar": "", "type": 1, "gender": 0, **union}

    def info(self) -> Body:
        """What the member noted, without the tags."""
        return {
            "userid": self.userid,
            "remark": self.remark,
            "description": self.description,
            "createtime": self.at,
            "remark_mobiles": self.mobiles,
            "add_way": self.add_way,
            "oper_userid": self.person,
            **({"state": self.state} if self.state else {}),
        }


@dataclass
class Member:
    """Somebody in a group; 2 is from outside, 1 is staff."""

    userid: str
    at: int
    kind: int = 2
    unionid: str = ""
    state: str = ""

    def shown(self) -> Body:
        """As `groupchat/get` lists it."""
        union = {"unionid": self.unionid} if self.unionid else {}
        state = {"state": self.state} if self.state else {}
        scene = 3 if self.state else 1
        head = {"userid": self.userid, "type": self.kind, "join_time": self.at}
        return {**head, "join_scene": scene, **union, **state}


@dataclass
class Chat:
    """A group; its version grows whenever somebody comes or goes."""

    chat_id: str
    owner: str
    members: list[Member] = field(default_factory=list)
    version: int = 1

    def shown(self) -> Body:
        """As `groupchat/get` gives it."""
        return {
            "chat_id": self.chat_id,
            "name": f"会员群 {self.chat_id}",
            "owner": self.owner,
            "create_time": 1_700_000_000,
            "member_list": [one.shown() for one in self.members],
            "admin_list": [{"userid": self.owner}],
            "member_version": f"v{self.version}",
        }


@dataclass
class Tag:
    """A corp tag in its group."""

    number: str
    group: str
    name: str
    is_deleted: bool = False

    def shown(self) -> Body:
        """As the list of a group gives it."""
        head = {"id": self.number, "name": self.name, "create_time": 1_700_000_000}
        return {**head, "order": 0, "deleted": self.is_deleted}
